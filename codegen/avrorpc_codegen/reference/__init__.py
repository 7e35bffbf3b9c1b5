"""The reference: contracts as pages for people, in HTML or in Markdown.

`building` decides what pages show, `addresses` where they are; `html` and `markdown` write them.
Only `site` knows of files, and nothing here knows of commands.
"""
