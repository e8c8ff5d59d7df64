"""One folder a component; each calls the stage of the same name in `taskonomy.stages`."""
