"""Translated notebooks from one source: prose is translated, code cells stay as they are.

notebooks/<language>/<notebook>.yml, with the same folders as the notebooks, holds the translation of each markdown
cell by the cell's id, beside a digest of the English text that it translates. So a text that has changed since is
known, and its translation is never shown for it.

What the kit says in other languages is in messages/<language>.json, by the English text; KIT_LANGUAGE chooses: errors,
what checks find and other texts that views are given, and the help of notebooks' parameters. The texts of the views
themselves are in widgets/parts/static/languages.

`kit translate` writes the notebooks of a language into the workspace; `kit translate --check` tells what is to be done.
"""
