"""format=flowed undone: the sender's paragraphs from lines that were only wrapped (RFC 3676)."""

from __future__ import annotations


def unflow(text: str, *, delete_space: bool = False) -> str:
    """Join lines that end in a blank with the next of the same quote depth; take off space-stuffing.

    The signature's separator "-- " is never joined (§4.3).

    Args:
        text: with LF.
        delete_space: DelSp=yes: the blank at a soft break is no part of the text (§4.2).
    """
    out: list[str] = []
    paragraph: list[str] = []
    paragraph_depth = 0

    def close() -> None:
        if paragraph:
            quote = ">" * paragraph_depth + " " if paragraph_depth else ""
            out.append((quote + "".join(paragraph)).rstrip() if paragraph != ["-- "] else f"{quote}-- ")
            paragraph.clear()

    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        is_separator = content == "-- "
        if paragraph and (depth != paragraph_depth or is_separator):
            close()
        paragraph_depth = depth
        is_flowed = content.endswith(" ") and not is_separator
        paragraph.append(content[:-1] if is_flowed and delete_space else content)
        if not is_flowed:
            close()
    close()
    return "\n".join(out)
