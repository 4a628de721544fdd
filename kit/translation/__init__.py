"""Translated notebooks from one source: prose is translated, code cells stay as they are.

notebooks/<language>/<notebook>.yml, with the same folders as the notebooks, holds the translation of each markdown
cell by the cell's id, beside a digest of the English text that it translates. So a changed text is noticed, and never
shown with its old translation.

messages/<language>.json has the kit's own texts by the English ones: errors, findings of checks and other texts for
views, and the help of notebooks' parameters. KIT_LANGUAGE chooses the language. The views' own texts are in
widgets/parts/static/languages.

`kit translate` writes the notebooks of a language into the workspace; `kit translate --check` says what is left to do.
"""
