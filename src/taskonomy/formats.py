"""The formats of the files that others read, each with its version.

A file says `taskonomy/<kind>/<version>`: JSON under the key `format`, Parquet and safetensors in
their metadata under `taskonomy.format`. A version is raised when a reader of the one before would
misunderstand the file; what is only added beside it raises none.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskonomy.errors import BadInput

JSON_KEY = "format"
METADATA_KEY = "taskonomy.format"


@dataclass(frozen=True)
class Format:
    """The format of one kind of file.

    Attributes:
        kind: the kind, as files say it.
        file: what such a file is called.
        version: what is written, and the newest that is read; every older one is read too.
    """

    kind: str
    file: str
    version: int = 1

    def __str__(self) -> str:
        return f"taskonomy/{self.kind}/{self.version}"

    @property
    def metadata(self) -> dict[str, str]:
        """The entry of a Parquet or safetensors file's metadata."""
        return {METADATA_KEY: str(self)}

    def check(self, place: Path | str, found: Any) -> int:
        """Return the version that a file says it has.

        Args:
            place: the file, as an error names it.
            found: what the file says, as text or bytes; None where it says nothing, which counts
                as version 1: files were written before they had versions.

        Raises:
            BadInput: it is of a newer version than this code knows, or of another kind.
        """
        if found is None:
            return 1
        text = found.decode(errors="replace") if isinstance(found, bytes) else str(found)
        said = re.fullmatch(rf"taskonomy/{self.kind}/([1-9][0-9]{{0,8}})", text)
        if said is None:
            raise BadInput(f"{place}: its format is {text!r}; expected {self}, of {self.file}")
        version = int(said[1])
        if version > self.version:
            raise BadInput(
                f"{place}: format {version} of {self.file}; this version reads up to "
                f"{self.version}; update taskonomy"
            )
        return version

    def check_metadata(self, place: Path | str, metadata: Mapping[Any, Any] | None) -> int:
        """Return the version that a Parquet or safetensors file's metadata say; raises as `check`.

        Args:
            place: the file, as an error names it.
            metadata: by keys of text or, as pyarrow has them, of bytes.
        """
        entries = metadata or {}
        return self.check(place, entries.get(METADATA_KEY, entries.get(METADATA_KEY.encode())))

    def stamped(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """Return the content of a JSON file with its format."""
        return {JSON_KEY: str(self), **content}

    def parse(self, content: bytes, place: Path | str) -> dict[str, Any]:
        """Return the content of a JSON file.

        Args:
            content: the file's bytes.
            place: the file, as an error names it.

        Raises:
            BadInput: it is no JSON object, or `check` refuses its format.
        """
        try:
            value = json.loads(content)
        except ValueError as error:
            raise BadInput(f"{place}: not JSON ({error}); expected a {self.file}") from error
        if not isinstance(value, dict):
            found = type(value).__name__
            raise BadInput(f"{place}: found a {found}; expected a JSON object, as {self.file} is")
        self.check(place, value.get(JSON_KEY))
        return value

    def read(self, path: Path) -> dict[str, Any]:
        """Return the content of a JSON file.

        Raises:
            BadInput: there is no such file, or as `parse`.
        """
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise BadInput(f"{path}: no such file; expected a {self.file}") from error
        return self.parse(content, path)


AFFINITY = Format("affinity", "affinity.parquet")
MODELS = Format("models", "models.parquet", 2)
"""2 added the readout's seed, and the regime is of readouts and scratch networks alone."""
TAXONOMY = Format("taxonomy", "taxonomy.json", 2)
"""In 2 a policy that says so is solved on affinities of validation images."""
PROVENANCE = Format("provenance", "provenance.json")
DATASET = Format("dataset", "dataset.json")
"""At a data set's root: what it declares of itself."""
DATASET_RECORD = Format("dataset-record", "dataset.json", 2)
"""In a store, `version-data/<key>/`: what a run recorded of its data set. 2 has the place of
one that lies in the store relative to it."""
SHARDS = Format("shards", "shards.json")
MODEL = Format("model", "model", 4)
"""2 as of `MODELS`; 3 added the arithmetic and the seconds that training waited for data; 4 the
losses of the choice examples, and the step whose weights were kept."""
CHECKPOINT = Format("checkpoint", "checkpoint")
"""In a store, `checkpoints/<model id>.safetensors`: a model in training."""
OUTCOME = Format("outcome", "outcome")
POLICIES = Format("policies", "policies.json", 2)
"""In a store, `resolve/<key>/`. 2 as of `TAXONOMY`."""
