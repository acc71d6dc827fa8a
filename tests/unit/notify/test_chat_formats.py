"""What stands in a chat: one sentence and a link, whatever a title tries."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.chat_formats import Said, body, say
from services.notify.domain.webhook import Event, Format

URL = "https://ide.krokom.example/kontakt/ide/KRO-2026-0042"
DATA = {
    "reference": "KRO-2026-0042",
    "sluice_name": "Krokoms kommun",
    "event": "kreativa-byrakrater",
    "title": "Fler cyklar",
    "url": URL,
}
CHATS = [Format.SLACK, Format.MATTERMOST, Format.TEAMS]
HOSTILE = [
    "<!channel> look",
    "<https://evil.example|Krokoms kommun>",
    "[Krokoms kommun](https://evil.example)",
    "@channel @all @here",
    "https://evil.example www.evil.example HTTP://evil.example",
    "# Heading **bold** `code` ~~gone~~ | a | b |",
    "![x](https://evil.example/x.png)",
    "&lt;!channel&gt;",
    "one\ntwo\r\n> three",
]


def shaped(form: Format, event: Event = Event.IDEA_RECEIVED, language: str = "sv", **data: object) -> dict[str, Any]:
    return json.loads(body(form, say(event, DATA | data, language)))


@pytest.mark.parametrize("event", list(Event))
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_event_is_a_sentence_in_both_languages(event: Event, language: str) -> None:
    said = say(event, DATA, language)

    assert re.fullmatch(r"[A-ZÅÄÖ][^{}]+\.", said.sentence)
    about = {Event.REPLY_RECEIVED: "kreativa-byrakrater", Event.EVENT_CHANGED: "", Event.TEST: ""}
    assert about.get(event, "KRO-2026-0042") in said.sentence
    assert say(event, DATA, "sv").sentence != say(event, DATA, "en").sentence


def test_a_notification_about_no_idea_is_a_whole_sentence_too() -> None:
    said = say(Event.NOTIFICATION_FAILED, {"reference": None, "sluice_name": None, "url": URL}, "en")

    assert said == Said("A message did not arrive.", None, URL, "Open in Idéslussen")


def test_slack_gets_text_for_the_phone_and_blocks_for_the_channel() -> None:
    assert shaped(Format.SLACK, title="R&D < lunch") == {
        "text": "Krokoms kommun har fått en idé, KRO-2026-0042. R&amp;D &lt; lunch",
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "plain_text",
                    "text": "Krokoms kommun har fått en idé, KRO-2026-0042. R&D < lunch",
                    "emoji": False,
                },
            },
            {"type": "section", "text": {"type": "mrkdwn", "text": f"<{URL}|Öppna i Idéslussen>", "verbatim": True}},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def test_mattermost_gets_markdown_with_one_link() -> None:
    assert shaped(Format.MATTERMOST) == {
        "text": f"Krokoms kommun har fått en idé, KRO\\-2026\\-0042\\.\n> Fler cyklar\n\n[Öppna i Idéslussen]({URL})"
    }


def test_teams_gets_an_adaptive_card_in_a_message() -> None:
    message = shaped(Format.TEAMS)

    assert message["type"] == "message"
    (attachment,) = message["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert [row["inlines"][0]["text"] for row in attachment["content"]["body"]] == [
        "Krokoms kommun har fått en idé, KRO-2026-0042.",
        "Fler cyklar",
    ]
    assert attachment["content"]["actions"] == [
        {"type": "Action.OpenUrl", "title": "Öppna i Idéslussen", "url": URL},
    ]


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_calls_nobody_and_links_nowhere_in_slack(title: str) -> None:
    message = shaped(Format.SLACK, title=title)

    assert "<" not in message["text"]
    assert not re.search(r"@(?:channel|all|here)", message["text"])
    assert "://" not in message["text"]
    assert message["blocks"][0]["text"]["type"] == "plain_text"
    assert message["blocks"][1]["text"]["text"] == f"<{URL}|Öppna i Idéslussen>"


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_calls_nobody_and_links_nowhere_in_mattermost(title: str) -> None:
    text = shaped(Format.MATTERMOST, title=title)["text"]

    assert re.findall(r"(?<!\\)\[.*?(?<!\\)\]\((.*?)\)", text) == [URL]
    assert text.count("://") == 1
    assert "www." not in text
    assert not re.search(r"@(?:channel|all|here)", text)
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize("title", HOSTILE)
def test_a_hostile_title_stands_in_teams_where_markdown_means_nothing(title: str) -> None:
    content = shaped(Format.TEAMS, title=title)["attachments"][0]["content"]

    assert {inline["type"] for row in content["body"] for inline in row["inlines"]} == {"TextRun"}
    assert {row["type"] for row in content["body"]} == {"RichTextBlock"}


@given(st.text(max_size=400), st.sampled_from(CHATS))
def test_no_title_breaks_a_body_or_makes_it_long(title: str, form: Format) -> None:
    made = body(form, say(Event.IDEA_RECEIVED, DATA | {"title": title}, "sv"))

    json.loads(made)
    assert len(made) < 4000
