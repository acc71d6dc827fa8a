"""Made-up ideas, a story and news for the first run, so that the boards and the region's page show a living product.

Nothing here is mailed to anybody: ideas are taken in by the use case itself, with an announcer that says nothing. It is
made once, together with the demo sluices, never in an installation that has sluices of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from services.intake.domain.address_name import address_name
from services.intake.domain.idea import Stage, SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.store.public_tables import Comment, Follower, News, Story
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases.announce import Announcer
from services.intake.usecases.receive import NewIdea, note, open_idea
from shared.clock import now
from shared.ids import new_id
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Answer:
    """An official answer: when, and where it moved the idea."""

    days_ago: int
    to: Stage
    text: str


@dataclass(frozen=True, slots=True)
class DemoIdea:
    """One made-up idea."""

    sluice: str
    days_ago: int
    kind: SubmitterKind
    title: str
    text: str
    supporters: int
    answers: tuple[Answer, ...]
    comment: tuple[str, str] | None = None


IDEAS = (
    DemoIdea(
        "ostersund",
        160,
        SubmitterKind.EMPLOYEE,
        "Elcyklar som hemtjänsten delar på",
        "Vi kör bil korta sträckor mellan brukarna i centrum. Halva tiden går åt till att leta parkering.\n\n"
        "Tre elcyklar med vinterdäck och packväskor skulle räcka för vår grupp. Bilarna kan då gå till "
        "dem som kör långt.",
        47,
        (
            Answer(150, Stage.TRIAGE, "Vi har läst idén och pratat med tre hemtjänstgrupper. Alla vill vara med."),
            Answer(
                118,
                Stage.PILOTING,
                "Vi prövar med tre cyklar på Frösön i tio veckor. Gruppen antecknar hur många bilturer de ersätter.",
            ),
            Answer(
                34,
                Stage.IMPLEMENTED,
                "Provet ersatte två bilar. Cyklarna blir kvar och fyra grupper till får egna.",
            ),
        ),
        ("Lena i Brunflo", "Vi har väntat på det här. Kan ni ställa en cykel vid hälsocentralen också?"),
    ),
    DemoIdea(
        "bracke",
        130,
        SubmitterKind.CITIZEN,
        "Låna sportutrustning på biblioteket",
        "Alla barn har inte råd med skidor. Biblioteket är öppet och har redan lånekort. Låt dem låna ut "
        "skidor, skridskor "
        "och hjälmar som folk har växt ur.",
        31,
        (
            Answer(121, Stage.DEVELOPING, "Biblioteket vill. Vi söker en plats att torka och laga utrustningen på."),
            Answer(
                40,
                Stage.IMPLEMENTED,
                "Utlåningen är öppen i Bräcke och Kälarne. Skänk det som ingen använder: lämna det i disken.",
            ),
        ),
    ),
    DemoIdea(
        "harjedalen",
        95,
        SubmitterKind.NONPROFIT,
        "Byapub för nyinflyttade i Hede",
        "Den som flyttar hit känner ingen. Vi i bygdeföreningen kan hålla lokalen och kaffet. Kommunen "
        "behöver bara skriva "
        "till dem som flyttat in.",
        18,
        (
            Answer(
                88, Stage.TRIAGE, "Vi får mejla nyinflyttade om de själva har sagt ja. Vi tar reda på hur många det är."
            ),
            Answer(
                52,
                Stage.DECIDED,
                "Kommunen bjuder in två gånger om året, i februari och september. Den första är bokad.",
            ),
        ),
    ),
    DemoIdea(
        "stromsund",
        70,
        SubmitterKind.EMPLOYEE,
        "Ett telefonnummer för all snöröjning",
        "Folk ringer fem ställen för att få veta vem som plogar deras väg. En karta och ett nummer räcker.",
        64,
        (
            Answer(
                61, Stage.DEVELOPING, "Kartan finns hos tekniska. Vi lägger den öppet och prövar ett gemensamt nummer."
            ),
            Answer(
                20, Stage.PILOTING, "Numret är på prov i Hammerdal hela vintern. Ring det, så hör ni om det fungerar."
            ),
        ),
        ("Per-Erik", "Bra. Skriv numret på sopkärlen, där ser alla det."),
    ),
    DemoIdea(
        "ragunda",
        48,
        SubmitterKind.CITIZEN,
        "Solceller på ishallens tak",
        "Taket är stort och vänt åt söder. Hallen drar mest el på vintern, men kyl och fläktar går även på våren.",
        23,
        (
            Answer(
                39,
                Stage.DEVELOPING,
                "Vi räknar på det tillsammans med energirådgivaren. Taket måste hålla för snön också. "
                "Besked om en månad.",
            ),
        ),
    ),
    DemoIdea(
        "ostersund",
        41,
        SubmitterKind.CITIZEN,
        "Cykelpump och verktyg vid busstorget",
        "Många byter mellan buss och cykel där. En fast pump och några verktyg i vajer kostar lite och "
        "används varje dag.",
        39,
        (Answer(33, Stage.DECIDED, "Ja. Pumpen sätts upp så snart marken har tinat."),),
    ),
    DemoIdea(
        "bracke",
        36,
        SubmitterKind.COMPANY,
        "Praktik en dag i veckan för gymnasiet",
        "Vi är fyra verkstäder som kan ta emot. Eleverna får pröva på riktigt, och vi får se vilka som vill stanna.",
        12,
        (Answer(27, Stage.TRIAGE, "Skolan och de fyra verkstäderna träffas nästa vecka. Sedan svarar vi om schemat."),),
    ),
    DemoIdea(
        "harjedalen",
        30,
        SubmitterKind.SERVICE_USER,
        "Större knappar i färdtjänstens app",
        "Jag ser dåligt och darrar på handen. Knapparna är för små och ligger tätt. Låt oss få en läsbar variant.",
        27,
        (
            Answer(
                24, Stage.DEVELOPING, "Leverantören gör en variant med stora knappar. Tre resenärer prövar den först."
            ),
        ),
    ),
    DemoIdea(
        "ostersund",
        26,
        SubmitterKind.EMPLOYEE,
        "Byt kaffemuggar mot egna på konferenser",
        "Vi slänger tusen muggar om året bara på vårt kontor. Ta med din egen, eller låna en ur skåpet.",
        9,
        (
            Answer(
                17,
                Stage.CLOSED,
                "Vi går inte vidare med idén just nu. Så här tänkte vi: muggarna komposteras redan, och "
                "diskrummet räcker "
                "inte till. När köket byggs om tar vi upp frågan igen.",
            ),
        ),
    ),
    DemoIdea(
        "stromsund",
        22,
        SubmitterKind.CITIZEN,
        "Bussen väntar in tåget i Ulriksfors",
        "Missar man anslutningen står man två timmar. Fem minuters väntan hade räckt nästan varje gång.",
        52,
        (
            Answer(
                14, Stage.TRIAGE, "Vi har frågat länstrafiken hur många som missar bussen. Svar väntas inom en månad."
            ),
        ),
    ),
    DemoIdea(
        "ragunda",
        18,
        SubmitterKind.NONPROFIT,
        "Äldre lär ut stickning på fritidsgården",
        "Vi är sex pensionärer som gärna kommer på torsdagar. Garn har vi. Det blir fika och prat över generationerna.",
        16,
        (Answer(9, Stage.PILOTING, "Vi börjar på torsdag och håller på till våren. Kom som du är, garn finns."),),
    ),
    DemoIdea(
        "bracke",
        12,
        SubmitterKind.EMPLOYEE,
        "Gemensam jour för måltidernas kylar",
        "Kylen i ett kök stod still en hel helg. En larmtelefon som går runt mellan köken kostar mindre "
        "än maten vi slängde.",
        7,
        (Answer(6, Stage.TRIAGE, "Vi har räknat på maten: 41 000 kronor. Nu tar vi in pris på larm till sex kök."),),
    ),
)

STORIES = {
    "Elcyklar som hemtjänsten delar på": (
        "Tre elcyklar ersatte två bilar",
        "Hemtjänsten på Frösön letade parkering en halvtimme om dagen. Någon i gruppen skrev fem rader till "
        "idéslussen. Fyra veckor senare hade de tre elcyklar med vinterdäck på prov.\n\n"
        "Efter tio veckor hade cyklarna ersatt 640 bilturer. Två bilar har gått vidare till grupper som "
        "kör långt. Nu får "
        "fyra grupper till egna cyklar.",
    ),
    "Låna sportutrustning på biblioteket": (
        "Skidor på lånekortet",
        "En rad om barn utan skidor blev 180 par, 60 hjälmar och en torkhylla bakom lånedisken. Den "
        "första veckan lånade "
        "44 familjer. Det mesta är skänkt av folk som växt ur sitt.",
    ),
}

NEWS = (
    (
        "ostersund",
        30,
        "Hemtjänstens elcyklar blir kvar",
        "Provet på Frösön ersatte två bilar, så cyklarna blir kvar. Fyra grupper till får egna.\n\n"
        "## Så gick det till\n\nIdén kom från en medarbetare. Gruppen skrev själv upp varje tur:\n\n"
        "- 640 bilturer ersatta på tio veckor\n- två bilar lämnade vidare\n- noll dagar utan cykel, trots snön",
        "Kommunikation, Östersunds kommun\n063-000 00 00\nkommunikation@ostersund.example",
    ),
    (
        None,
        6,
        "Alla åtta kommuner har öppnat sina tavlor",
        "Nu kan du se idéerna i hela länet, läsa svaren och stödja dem du tror på. Varje kommun läser "
        "sina idéer innan de "
        "visas, och svarar öppet.\n\nHar du en egen idé? Skriv den till din kommun. Det räcker med några rader.",
        "",
    ),
)


class _Silent(Announcer):
    """Tells nobody."""

    def received(self, *given: Any, **facts: Any) -> None:
        """Say nothing of an idea that was made up."""


def open_boards(session: Session) -> None:
    """Let every demo sluice show its ideas."""
    session.flush()
    session.execute(update(Sluice).values(board=True))
    session.expire_all()


def fill(session: Session, settings: Settings) -> int:
    """Make the content, in the caller's transaction, which has just made the demo sluices; returns how many ideas."""
    profiles = {profile.slug: profile for profile in sluices.profiles(session)}
    announcer, moment = _Silent(settings), now()
    for number, each in enumerate(IDEAS):
        sluice = profiles[each.sluice]
        idea = _idea(session, announcer, sluice, each, moment, number)
        _supporters(session, idea, sluice, each.supporters, moment)
        if each.comment is not None:
            session.add(_comment(idea, sluice, *each.comment, moment))
        if each.title in STORIES:
            title, text = STORIES[each.title]
            at = moment - timedelta(days=each.answers[-1].days_ago - 2)
            session.add(Story(idea_id=idea.id, title=title, text=text, published_at=at, actor=_signed(sluice)))
    for slug, days, title, text, contact in NEWS:
        at = moment - timedelta(days=days, minutes=17)
        owner = profiles[slug].id if slug else None
        session.add(
            News(
                id=new_id(),
                sluice_id=owner,
                slug=address_name(title),
                title=title,
                text=text,
                press_contact=contact,
                created_at=at,
                published_at=at,
                actor="Idéslussen",
            )
        )
    return len(IDEAS)


def _idea(
    session: Session, announcer: Announcer, sluice: SluiceProfile, each: DemoIdea, moment: datetime, number: int
) -> Idea:
    came = moment - timedelta(days=each.days_ago, minutes=73 * (number + 1))
    new = NewIdea(
        title=each.title,
        text=each.text,
        via="form" if number % 2 else "email",
        received_at=came,
        language="sv",
        kind=each.kind,
        submitter_address=f"nr{number + 1}@{sluice.slug}.example",
    )
    idea = open_idea(session, announcer, sluice, new)
    for answer in each.answers:
        at = moment - timedelta(days=answer.days_ago, minutes=41 * (number + 1))
        facts: dict[str, object] = {"from": idea.stage, "to": answer.to.value}
        note(
            session,
            idea,
            event="answered",
            at=at,
            actor=_signed(sluice),
            actor_kind="contact",
            text=answer.text,
            facts=facts,
        )
        idea.stage, idea.updated_at, idea.answered_at = answer.to.value, at, idea.answered_at or at
    if idea.stage == Stage.CLOSED.value:
        idea.close_reason = "Inte nu"
    idea.public_title, idea.public_text = idea.title, idea.text
    idea.published_at = came + timedelta(days=3)
    return idea


def _supporters(session: Session, idea: Idea, sluice: SluiceProfile, count: int, moment: datetime) -> None:
    """So many who support it and have ended mails, so that an answer in a demo writes to nobody made up."""
    session.flush()
    session.execute(
        insert(Follower),
        [
            {
                "id": new_id(),
                "idea_id": idea.id,
                "address": f"stod{number}@{sluice.slug}.example",
                "why": "supports",
                "asked_at": idea.published_at,
                "confirmed_at": idea.published_at,
                "ended_at": moment,
            }
            for number in range(count)
        ],
    )
    idea.supporters = count


def _comment(idea: Idea, sluice: SluiceProfile, name: str, text: str, moment: datetime) -> Comment:
    at = moment - timedelta(days=8, minutes=12)
    address = f"{address_name(name)}@{sluice.slug}.example"
    return Comment(
        id=new_id(), idea_id=idea.id, name=name, address=address, text=text, at=at, confirmed_at=at, state="shown"
    )


def _signed(sluice: SluiceProfile) -> str:
    return sluice.contacts[0].name
