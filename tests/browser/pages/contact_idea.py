"""An idea as its contact works with it, and each act's own page: empty, filled, faulty, and too late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from playwright.sync_api import Page as Tab

from services.intake.domain.idea import Stage, SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.store.public_tables import Follower
from services.intake.store.tables import Idea
from services.intake.usecases import note_idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.ask_submitter import ask_submitter
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.merge_ideas import merge_ideas
from services.intake.usecases.move_idea import move_idea
from services.intake.usecases.pass_on import pass_on, share
from services.intake.usecases.register_idea import hand_over, register_idea
from services.intake.usecases.release_idea import hold_idea
from services.intake.usecases.tag_idea import tag_idea
from shared.clock import now
from shared.ids import new_id
from shared.viewer import Viewer
from tests.browser.pages import Page, World
from tests.support.ideas import a_file, a_mail, a_message, an_idea

KIM = Viewer("kontakt@krokom.example", contact_of=frozenset({"krokom"}))
BERG = Viewer("kontakt@berg.example", contact_of=frozenset({"berg"}))
TITLE = "Elcyklar som hemtjänsten i Nälden och Föllinge delar på under vinterhalvåret"
TEXT = (
    "Vi kör bil korta sträckor mellan brukarna. Det tar tid att värma upp bilarna, och på vintern står vi ofta "
    "och skrapar rutor längre än vi kör.\n\nMed tre elcyklar och vinterdäck skulle morgonturerna gå snabbare. "
    "Två av oss cyklar redan privat."
)
ANSWER = (
    "Hej Åsa!\n\nVi provar tre cyklar från den 1 december till den sista mars. Enhetschefen i Nälden hör av sig "
    "på måndag om vilka turer som passar.\n\nVi följer tid och bränsle, och du får veta hur det gick i april."
)
FROM_THE_SUMMARY = ("focus fell out of the page",)
"""The summary has focus, so the walk begins in the middle of the page and leaves it at its end."""
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


def pages(world: World) -> dict[str, Page]:
    """One idea in the middle of its life, one of each other kind, and every form."""
    kim = world.signed_in("contact:krokom", name=KIM.address)
    berg = world.signed_in("contact:berg", name=BERG.address)
    with world.transaction() as session:
        made = _fill(session, world)
    rich, new = (f"/kontakt/ide/{made[name]}" for name in ("rich", "new"))
    acts = {
        f"act, {name}": Page(f"{new}/{name}", cookies=kim)
        for name in ("fraga", "anteckna", "tilldela", "skicka-vidare", "etiketter", "hall", "overlamna", "arkivpaket")
    }
    return acts | {
        "idea, rich": Page(rich, cookies=kim),
        "idea, new": Page(new, cookies=kim),
        "idea, can be undone": Page(f"{new}?akt={made['act']}", cookies=kim),
        "idea, long": Page(f"/kontakt/ide/{made['long']}", cookies=kim),
        "idea, held": Page(f"/kontakt/ide/{made['held']}", cookies=kim),
        "idea, merged": Page(f"/kontakt/ide/{made['merged']}", cookies=kim),
        "idea, shared with us": Page(rich, cookies=berg),
        "idea, passed on": Page(f"/kontakt/ide/{made['passed']}", cookies=kim),
        "idea, not ours": Page(f"{new}", cookies=berg, status=404),
        "act, slapp": Page(f"/kontakt/ide/{made['held']}/slapp", cookies=kim),
        "act, dela, with some": Page(f"{rich}/dela", cookies=kim),
        "act, sla-ihop, fault": Page(
            f"{new}/sla-ihop", cookies=kim, prepare=_merge_with_nothing, excused=FROM_THE_SUMMARY
        ),
        "act, diariefor, fault": Page(
            f"{rich}/diariefor", cookies=kim, prepare=_unregister_with_number, excused=FROM_THE_SUMMARY
        ),
        "answer, read through": Page(f"{rich}/svara", cookies=kim, prepare=_read_through),
        "answer, fault": Page(f"{rich}/svara", cookies=kim, prepare=_close_without_reason, excused=FROM_THE_SUMMARY),
        "answer, too late": Page(f"{new}/svara", cookies=kim, prepare=_too_late, excused=FROM_THE_SUMMARY),
    }


def _read_through(tab: Tab) -> None:
    tab.locator("#answer-text").fill(ANSWER)
    tab.locator("#move").select_option("piloting")
    tab.locator("button[value=preview]").click()


def _close_without_reason(tab: Tab) -> None:
    tab.locator("#answer-text").fill(ANSWER)
    tab.locator("#move").select_option("closed")
    tab.locator("button[value=preview]").click()


def _too_late(tab: Tab) -> None:
    tab.locator("#answer-text").fill(ANSWER)
    tab.locator("input[name=version]").first.evaluate("field => field.value = '1'")
    tab.locator("button[value=preview]").click()


def _merge_with_nothing(tab: Tab) -> None:
    tab.locator("#into").fill("KRO-2026-9999")
    tab.locator("main button[type=submit]").first.click()


def _unregister_with_number(tab: Tab) -> None:
    tab.locator("#state-not-needed").check()
    tab.locator("main button[type=submit]").first.click()


def _fill(session, world: World) -> dict[str, Any]:
    announcer, settings = Announcer(world.settings), world.settings
    krokom = world.sluice(session)
    sluices.add_contact(session, krokom.id, name="Kim Kontakt", address=KIM.address)
    sluices.add_contact(session, krokom.id, name="Bo Kollega, teknik och service", address="bo@krokom.example")
    sluices.add_contact(session, world.sluice(session, "berg").id, name="Siv Strateg", address=BERG.address)
    session.flush()
    krokom = world.sluice(session)
    rich = _rich(session, settings, krokom)
    made = {"rich": rich.reference}
    for number, title in enumerate(("Fler cyklar åt hemtjänsten", "Elcyklar för hemtjänstens morgonturer i Nälden")):
        made[f"like {number}"] = an_idea(
            session, settings, krokom, title=title, text=TEXT, submitter=f"{number}@annan.example"
        ).reference
    move_idea(session, announcer, KIM, rich.reference, to=Stage.DEVELOPING, answer=ANSWER, version=None)
    ask_submitter(session, announcer, KIM, rich.reference, question="Vilka turer tänker du på först?", version=None)
    bo = next(person for person in krokom.people if person.address == "bo@krokom.example")
    assign_idea(session, announcer, KIM, rich.reference, to=bo.id, note="Du kan vinterdäck.", version=None)
    share(session, announcer, KIM, rich.reference, sluices_too=["berg"], note="Gäller er med?", version=None)
    note_idea.note_idea(
        session, BERG, rich.reference, text="Vi provade två i fjol. Räkna med dubbdäck, och el i garaget."
    )
    for name in ("Vinter", "Hemtjänst", UNBROKEN[:50]):
        tag_idea(session, KIM, rich.reference, name=name, version=None)
    register_idea(session, KIM, rich.reference, state="registered", number="KS 2026/123", version=None)
    hand_over(session, KIM, rich.reference, receipt="Leverans 2026-17, mottagen av stadsarkivet.", version=None)
    merge_ideas(session, announcer, KIM, made["like 0"], into=rich.reference, version=None)
    for number in range(3):
        session.add(
            Follower(
                id=new_id(),
                idea_id=rich.id,
                address=f"f{number}@annan.example",
                why="supports",
                asked_at=now(),
                confirmed_at=now(),
            )
        )
    new = an_idea(session, settings, krokom, title="Ett fikabord utanför biblioteket i Krokom", submitter=None)
    tagged = tag_idea(session, KIM, new.reference, name="Mötesplatser", version=None)
    held = an_idea(session, settings, krokom, title="Billiga klockor", text="Köp nu!", submitter="x@y.example")
    hold_idea(session, KIM, held.reference, reason="Reklam", version=None)
    passed = an_idea(session, settings, krokom, title="Skotta busshållplatsen i Svenstavik")
    pass_on(session, announcer, KIM, passed.reference, to="berg", note="Er väg.", version=None)
    long = an_idea(session, settings, krokom, title=f"{TITLE} {UNBROKEN}"[:200], text=f"{UNBROKEN}\n{TEXT * 5}")
    assert tagged.act is not None
    return made | {
        "new": new.reference,
        "act": tagged.act.id,
        "held": held.reference,
        "merged": made["like 0"],
        "passed": passed.reference,
        "long": long.reference,
    }


def _rich(session, settings, krokom: SluiceProfile) -> Idea:
    mail = a_mail(
        session,
        krokom,
        received_at=now() - timedelta(days=3),
        reading={"sender": "Åsa Öberg <asa@krokom.example>", "sender_check": {"spf": "pass", "source": "own check"}},
    )
    rich = an_idea(
        session,
        settings,
        krokom,
        title=TITLE,
        text=TEXT,
        mail=mail,
        kind=SubmitterKind.EMPLOYEE,
        submitter_name="Åsa Öberg",
        vouched=True,
        received_at=mail.received_at,
        set_apart="-- \nÅsa Öberg, hemtjänsten i Nälden",
        files=[a_file(name="karta över turerna.png"), a_file(name="kalkyl.xlsx", kind="application/x-xlsx")],
    )
    rich.answers = {
        "verksamhet": {"question": "Vilken verksamhet gäller det?", "answer": "Omsorg", "kind": "choice"},
        "provat": {"question": "Har ni provat?", "answer": "yes", "kind": "yes_no"},
    }
    a_message(session, rich, kind="confirmation", state="delivered")
    return rich
