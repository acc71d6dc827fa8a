"""The contacts' inbox on a Monday: full, filtered, paged, empty; bulk acts and held mails."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import Page as Tab

from services.intake.domain.idea import SubmitterKind
from services.intake.store.work_tables import IdeaTag, Tag
from shared.clock import now
from shared.ids import new_id
from tests.browser.pages import Page, World
from tests.support.ideas import a_mail, a_message, an_idea

UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
IDEAS = [
    ("Elcyklar som hemtjänsten i Nälden, Föllinge och Offerdal delar på", "Åsa Öberg", SubmitterKind.EMPLOYEE),
    ("Sänk trösklarna i simhallens omklädningsrum", "Nils Jonsson", SubmitterKind.CITIZEN),
    ("Digital anslagstavla vid Konsum i Ås", "", None),
    ("Låna ut verktyg på biblioteket", "Föreningen Hållbara Krokom", SubmitterKind.NONPROFIT),
    ("Ljusare gångväg mellan skolan och sporthallen", "Maria Persson", SubmitterKind.CITIZEN),
    ("Ett kvällsöppet kontor i månaden", "Karin Sundström", SubmitterKind.SERVICE_USER),
    ("Samordna snöröjningen med grannkommunen", "Fjällbygd Entreprenad AB", SubmitterKind.COMPANY),
    ("Skicka kallelser till hemtjänstens möten som sms", "Jon Eriksson", SubmitterKind.EMPLOYEE),
    ("Plantera fruktträd på skolgårdarna", "Sara Nilsson", SubmitterKind.CITIZEN),
]
TEXT = (
    "Vi kör bil korta sträckor mellan brukarna i centrala Krokom, och bilarna står ofta stilla mitt på dagen. "
    "Tre elcyklar med vinterdäck hade räckt för hela gruppen, och ingen hade behövt leta parkering."
)


def pages(world: World) -> dict[str, Page]:
    """Forty ideas in one sluice, none in another."""
    references = _fill(world)
    me = world.signed_in("contact:krokom", name="kontakt@krokom.example")
    coach = world.signed_in(*(f"coach:{slug}" for slug in ("krokom", "berg", "are")), name="coach@region.example")
    empty = world.signed_in("contact:berg", name="kontakt@berg.example")
    some = "&".join(f"idea={reference}:{version}" for reference, version in references)
    return {
        "inbox": Page("/kontakt/", cookies=me),
        "inbox, empty": Page("/kontakt/", cookies=empty),
        "inbox, coach and filters": Page("/kontakt/?kind=citizen&assigned=nobody&registry=none&q=skol", cookies=coach),
        "inbox, faults": Page("/kontakt/?since=igår&until=2026-13-40&stage=nowhere", cookies=me),
        "inbox, nothing found": Page("/kontakt/?q=vindkraft+på+månen", cookies=me),
        "inbox, one group": Page("/kontakt/?group=new", cookies=me),
        "inbox, keys": Page("/kontakt/", cookies=me, prepare=_keys, excused=("focus fell out of the page",)),
        "inbox, idea beside": Page("/kontakt/", cookies=me, prepare=_open, needs_script=True),
        # The bar at the window's foot lies over whatever stands there; scrolling brings it up.
        "inbox, chosen": Page(
            "/kontakt/",
            cookies=me,
            prepare=lambda tab: tab.locator(".pick").first.check(),
            excused=("target-size: #late",),
        ),
        "held": Page("/kontakt/hallna?gjort=released", cookies=me),
        "held, nothing": Page("/kontakt/hallna", cookies=empty),
        "many": Page(f"/kontakt/flera?act=move&{some}", cookies=me),
        "many, package": Page(f"/kontakt/flera?act=package&{some}", cookies=me),
        "many, archive": Page(f"/kontakt/flera?act=archive&{some}", cookies=me),
        "many, hand over": Page(f"/kontakt/flera?act=assign&{some}", cookies=me),
        "many, faults": Page(f"/kontakt/flera?act=close&{some}", cookies=me, prepare=_send, status=200),
        "many, sure": Page(f"/kontakt/flera?act=move&{some}", cookies=me, prepare=_answer),
        "many, done": Page(
            f"/kontakt/flera/klart?act=move&done={references[0][0]}+{references[1][0]}&overtaken={references[2][0]}"
            f"&refused={references[3][0]}:idea_is_held",
            cookies=me,
        ),
    }


def _keys(tab: Tab) -> None:
    """A dialog's last stop is the browser's own window, which is no fault: hence the excuse."""
    tab.keyboard.press("?")


def _open(tab: Tab) -> None:
    tab.set_viewport_size({"width": 1280, "height": 800})
    tab.locator("a[data-idea]").first.click()
    tab.locator("#beside .title").wait_for()


def _send(tab: Tab) -> None:
    tab.locator("main form button").click()


def _answer(tab: Tab) -> None:
    tab.fill("#answer", f"{TEXT}\n\n{UNBROKEN}")
    _send(tab)


def _fill(world: World) -> list[tuple[str, int]]:
    moment = now()
    with world.transaction() as session:
        krokom = world.sluice(session)
        me = krokom.contacts[0].id
        ideas = []
        for number in range(40):
            title, name, kind = IDEAS[number % len(IDEAS)]
            idea = an_idea(
                session,
                world.settings,
                krokom,
                title=title if number < 9 else f"{title} ({number})",
                text=TEXT,
                submitter_name=name,
                submitter=f"person{number}@invanare.example" if number % 7 else None,
                kind=kind,
                received_at=moment - timedelta(days=number % 24, hours=number),
                held={12: "spam", 13: "forged"}.get(number),
            )
            ideas.append(idea)
        for idea in ideas[20:32]:
            idea.answered_at = moment - timedelta(days=3)
            idea.stage = "triage"
        ideas[2].title = f"{UNBROKEN} {UNBROKEN}"
        ideas[5].asked_at = moment - timedelta(days=1)
        ideas[3].assigned_to = me
        ideas[21].published_at, ideas[21].supporters = moment, 14
        ideas[22].stage, ideas[22].close_reason = "closed", "Finns redan"
        a_message(session, ideas[1], kind="confirmation", state="permanent-failure", reason="recipient-gone")
        for name, theme in (("Vård och omsorg", True), ("cykel", False)):
            tag = Tag(id=new_id(), sluice_id=None if theme else krokom.id, name=name, is_theme=theme)
            session.add(tag)
            session.flush()
            session.add(IdeaTag(idea_id=ideas[0].id, tag_id=tag.id))
        junk = {"subject": f"Vinn en resa {UNBROKEN}", "sender": "vinn@lotteri.example", "text": TEXT}
        a_mail(session, krokom, held="return-path", kind="idea", reading=junk)
        return [(idea.reference, idea.version) for idea in ideas[:8]]
