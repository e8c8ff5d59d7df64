"""`evaluation.html`: the tables of `taskonomy evaluate` as one page that fetches nothing."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taskonomy.dictionary import DICTIONARY, Dictionary
from taskonomy.publishing import charts, evaluation_charts
from taskonomy.publishing.artifact import canonical
from taskonomy.publishing.matrices import GROUPS
from taskonomy.publishing.pages import environment

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]


def render_evaluation(
    tables: Tables, configuration: Row, dictionary: Dictionary = DICTIONARY
) -> str:
    """Draw the page; every figure comes from the tables.

    Sections whose tables are absent are left out, so that released results have a page too.
    """
    templates = environment(dictionary)
    templates.filters.update(
        named=dictionary.title,
        group=dictionary.group,
        edge=lambda sources: " + ".join(map(dictionary.title, sources.split("+"))),
        p=_p,
    )
    page: str = templates.get_template("evaluation.html.j2").render(
        configuration=configuration,
        source=canonical(configuration).decode(),
        groups=[g for g in GROUPS if g in {dictionary.group(name) for name in _names(tables)}],
        units=configuration.get("units", {}),
        targets=_by_group({row["target"] for row in tables["policies"]}, dictionary),
        sanity=_sanity(tables.get("sanity", ()), dictionary),
        charts=_charts(tables),
        fronts=_fronts(tables["fronts"]),
        rates={
            words: _rates(tables["policies"], name, dictionary)
            for name, words in _RATES.items()
            if any(row[name] is not None for row in tables["policies"])
        },
        budgets=tables["budgets"],
        consensus=[_change(row, dictionary) for row in tables.get("consensus", ())],
        bought=_bought(tables.get("source_shares", ()), tables["policies"], dictionary),
        contested=_contested(tables, dictionary),
        agreement=tables.get("agreement", ()),
        means=_means(tables.get("agreement", ())),
        novel=_novel(tables["novel"], dictionary),
        baselines=_baselines(tables["baselines"]),
        tree=evaluation_charts.tree(tables["tree"], dictionary) if "tree" in tables else None,
        stability=next(iter(tables.get("tree_stability", ())), None),
        map=evaluation_charts.task_map(tables["map"], dictionary) if "map" in tables else None,
    )
    return page


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if value >= 0.001 else f"{value:.0e}"


_RATES = {
    "gain": "gain",
    "quality": "quality",
    "win_vs_guess": "win rate against the informed guess",
}


def _names(tables: Tables) -> set[str]:
    return {name for row in tables["policies"] for name in (row["target"], *_split(row["sources"]))}


def _split(sources: str) -> list[str]:
    return sources.split("+") if sources else []


def _by_group(names: Iterable[str], dictionary: Dictionary) -> list[str]:
    order = [name for task in dictionary for name in (task.name, *task.aliases)]

    def key(name: str) -> tuple[int, int, str]:
        place = order.index(name) if name in dictionary else len(order)
        return GROUPS.index(dictionary.group(name)), place, name

    return sorted(names, key=key)


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return sum(found) / len(found) if found else None


def _ordered(rows: Sequence[Row], key: str, dictionary: Dictionary) -> list[Row]:
    place = {name: i for i, name in enumerate(_by_group({row[key] for row in rows}, dictionary))}
    return sorted(rows, key=lambda row: place[row[key]])


def _sanity(rows: Sequence[Row], dictionary: Dictionary) -> Row | None:
    if not rows:
        return None
    return {
        "rows": _ordered(rows, "task", dictionary),
        "guess": _mean(row["win_vs_guess"] for row in rows),
        "random": _mean(row["win_vs_random"] for row in rows),
    }


def _charts(tables: Tables) -> list[tuple[charts.Chart, str]]:
    """Gain and quality over budgets, with the random taxonomies of the highest order as a band."""
    rows = tables["budgets"]
    found = []
    for name, words in (
        ("gain", "share of test images won against scratch"),
        ("quality", "share of test images won against full supervision"),
    ):
        chart = charts.curve(rows, name, name.capitalize(), words)
        found.append((chart, evaluation_charts.band(chart, rows, f"random_{name}")))
    return found


def _fronts(rows: Sequence[Row]) -> list[charts.Chart]:
    return [
        charts.curve(rows, name, name.capitalize(), "along each order's front")
        for name in ("gain", "quality")
    ]


def _top(rows: Sequence[Row]) -> list[Row]:
    highest = max((row["max_order"] for row in rows), default=1)
    return [row for row in rows if row["max_order"] == highest]


def _rates(rows: Sequence[Row], name: str, dictionary: Dictionary) -> dict[str, Any]:
    """A rate of every target (down) at every budget (across), at the highest order."""
    top = _top(rows)
    cells = {(row["target"], row["budget"]): row for row in top}
    budgets = sorted({row["budget"] for row in top})
    targets = _by_group({row["target"] for row in top}, dictionary)

    def means(rows: Sequence[Row]) -> list[float | None]:
        return [_mean(row[name] for row in rows if row["budget"] == b) for b in budgets]

    return {
        "name": name,
        "budgets": budgets,
        "rows": [(target, [cells.get((target, b)) for b in budgets]) for target in targets],
        "mean": means(top),
        "mean_transferred": means([row for row in top if row["transferred"]]),
    }


def _change(row: Row, dictionary: Dictionary) -> Row:
    """A consensus with the tasks that it labels and the taxonomy does not, and the reverse."""
    mine, usual = _split(row["sources"]), _split(row["taxonomy_sources"])
    added = _by_group(set(mine) - set(usual), dictionary)
    return {**row, "added": added, "dropped": _by_group(set(usual) - set(mine), dictionary)}


def _bought(
    rows: Sequence[Row], policies: Sequence[Row], dictionary: Dictionary
) -> dict[str, Any] | None:
    """The share of replicates that buy each task (down) at each budget (across)."""
    if not rows:
        return None
    share = {(row["task"], row["budget"]): row["share"] for row in rows}
    taken = {(name, row["budget"]) for row in _top(policies) for name in _split(row["sources"])}
    budgets = sorted({row["budget"] for row in rows})
    return {
        "budgets": budgets,
        "rows": [
            (name, [(share.get((name, b), 0.0), (name, b) in taken) for b in budgets])
            for name in _by_group({row["task"] for row in rows}, dictionary)
        ],
    }


def _contested(tables: Tables, dictionary: Dictionary) -> list[Row]:
    """Every target's best first-order source against its runner-up, and how many claims hold."""
    claims = tables.get("significance", ())
    found: list[Row] = []
    for target in _by_group({row["target"] for row in claims}, dictionary):
        ranked = sorted(
            (
                row
                for row in tables["affinities"]
                if row["target"] == target and row["order"] == 1 and row["kind"] == "transfer"
            ),
            key=lambda row: -row["affinity"],
        )
        if len(ranked) < 2:
            continue
        mine = [row for row in claims if row["target"] == target]
        pair = {ranked[0]["sources"], ranked[1]["sources"]}
        test = next((row for row in mine if {row["better"], row["than"]} == pair), None)
        found.append(
            {
                "target": target,
                "best": ranked[0],
                "second": ranked[1],
                "test": test,
                "pairs": len(mine),
                "image": sum(bool(row["claimed_image"]) for row in mine),
                "building": sum(bool(row["claimed_building"]) for row in mine),
            }
        )
    return found


def _means(rows: Sequence[Row]) -> Row | None:
    if not rows:
        return None
    names = ("cyclic_share", "spearman_bradley_terry", "spearman_hodge_rank")
    return {name: _mean(row[name] for row in rows) for name in names} | {
        "same_best": sum(row["same_best"] for row in rows),
        "targets": len(rows),
    }


def _novel(rows: Sequence[Row], dictionary: Dictionary) -> dict[str, Any]:
    orders = sorted({row["max_order"] for row in rows})
    return {
        "rows": _ordered(_top(rows), "target", dictionary),
        "means": [
            {
                "max_order": order,
                **{
                    name: _mean(row.get(name) for row in rows if row["max_order"] == order)
                    for name in ("gain", "quality", "win_vs_random")
                },
            }
            for order in orders
        ],
    }


def _baselines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    names = ("gain", "quality", "best_gain", "best_quality")
    return [
        {
            "source": source,
            "targets": sum(row["source"] == source for row in rows),
            **{name: _mean(row[name] for row in rows if row["source"] == source) for name in names},
        }
        for source in dict.fromkeys(row["source"] for row in rows)
    ]
