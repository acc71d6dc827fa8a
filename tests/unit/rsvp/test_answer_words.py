"""What is understood of mails as people write them, and what is left to a person."""

from __future__ import annotations

import pytest

from services.rsvp.domain.answer_words import understand
from tests.support.growth import assert_linear

YES, NO, MAYBE, UNCLEAR = "yes", "no", "maybe", None

MAILS: list[tuple[str, str | None, int | None, str]] = [
    # yes, Swedish
    ("vi kommer två, en är vegetarian", YES, 2, "vegetarian"),
    ("Jag kommer gärna!", YES, 1, ""),
    ("Ja tack", YES, None, ""),
    ("vi blir 4 st", YES, 4, ""),
    ("Hej! Vi blir fyra personer från oss, varav två vegetarianer.", YES, 4, "2 vegetarian"),
    ("Jag och min kollega kommer gärna.", YES, 2, ""),
    ("Jag och två kollegor kommer. En av oss är glutenintolerant.", YES, 3, "gluten"),
    ("Hej Kim,\n\nTack för inbjudan! Jag deltar gärna.\n", YES, 1, ""),
    ("Anmäler mig till träffen.", YES, 1, ""),
    ("Jag vill anmäla 3 personer.", YES, 3, ""),
    ("Räkna med oss! Vi blir sex stycken.", YES, 6, ""),
    ("Självklart kommer jag.", YES, 1, ""),
    ("Kommer!", YES, None, ""),
    ("Kommer gärna, vegan.", YES, None, "vegan"),
    ("Vi tackar ja och blir fem.", YES, 5, ""),
    ("Jag kommer själv.", YES, 1, ""),
    ("Jag tar med mig en kollega. Vi kommer båda.", YES, 2, ""),
    ("Jag kommer, tar gärna med en vän.", YES, 2, ""),
    ("Inget hindrar mig, jag kommer.", YES, 1, ""),
    ("Inget hindrar mig.", YES, 1, ""),
    ("Jag missar det absolut inte!", YES, 1, ""),
    ("Det vill jag inte missa!", YES, 1, ""),
    ("Vi kommer två, går det bra?", YES, 2, ""),
    ("Jag kommer, men lite sent.", YES, 1, ""),
    ("Jag kommer gärna men kan inte stanna hela dagen.", YES, 1, ""),
    ("Jag kommer kl 13, tåget går 12.40.", YES, 1, ""),
    ("Jag kommer den 3 december.", YES, 1, ""),
    ("Vi vill gärna komma, vi är tre.", YES, 3, ""),
    ("Jag kommer gärna om det finns plats.", YES, 1, ""),
    ("Jag kommer inte ensam utan tar med två kollegor. Vi kommer tre.", YES, 3, ""),
    ("Jag kommer. Min chef kan tyvärr inte.", YES, 1, ""),
    ("Jag kommer, men Lisa kan inte.", YES, 1, ""),
    ("Vi kommer! Återkommer om antal och kost.", YES, None, ""),
    ("Jag deltar. Tål inte laktos och är allergisk mot nötter.", YES, 1, "laktos, nötter"),
    ("Vi kommer 3 st, inga allergier.", YES, 3, ""),
    ("Jag kommer, äter inte fläsk.", YES, 1, "fläsk"),
    ("Jag kommer. Ingen av oss är vegetarian.", YES, 1, ""),
    ("Jag är med på torsdag! halal tack", YES, 1, "halal"),
    ("Jag och Lisa Ek kommer.", YES, 2, ""),
    ("Hej! Ja, jag och min man kommer. Han är allergisk mot skaldjur.", YES, 2, "skaldjur"),
    ("Vi blir tre: jag, Anna och Bo.", YES, 3, ""),
    ("Kommer 2 st. /Kim", YES, 2, ""),
    ("Ja, vi kommer båda två!", YES, 2, ""),
    ("jag kommer +1", YES, 2, ""),
    ("Hej, vi deltar med 5 personer från skolan den 12 december.", YES, 5, ""),
    ("Anmälan för 2 personer, 1 vegan", YES, 2, "vegan"),
    ("Jag kommer och har celiaki.", YES, 1, "gluten"),
    # yes, English
    ("I'll be there!", YES, 1, ""),
    ("Thanks for the invitation. We will attend, three people, one is vegan.", YES, 3, "vegan"),
    ("Count me in. No gluten please.", YES, 1, "gluten"),
    ("I would love to come with my colleague.", YES, 2, ""),
    ("Yes please", YES, None, ""),
    ("There will be 4 of us, two are vegetarian.", YES, 4, "2 vegetarian"),
    # no
    ("kan tyvärr inte", NO, None, ""),
    ("Jag kan inte komma.", NO, None, ""),
    ("Tack för inbjudan, men jag kan tyvärr inte vara med den dagen.", NO, None, ""),
    ("Nej tack", NO, None, ""),
    ("Tyvärr, jag har fått förhinder.", NO, None, ""),
    ("Jag hade gärna kommit men är bortrest.", NO, None, ""),
    ("Vi kommer tyvärr inte att kunna delta.", NO, None, ""),
    ("Jag vill gärna komma men har tyvärr inte möjlighet.", NO, None, ""),
    ("Måste tacka nej. Hoppas kunna komma nästa gång!", NO, None, ""),
    ("Jag får tyvärr missa detta.", NO, None, ""),
    ("Räkna inte med mig.", NO, None, ""),
    ("Passar tyvärr inte.", NO, None, ""),
    ("Vi avstår den här gången.", NO, None, ""),
    ("Unfortunately I can't make it.", NO, None, ""),
    ("I won’t be able to attend, sorry.", NO, None, ""),
    ("We are unable to join this time.", NO, None, ""),
    ("I'd love to come, but I have another commitment.", NO, None, ""),
    ("Hej, jag jobbar tyvärr den dagen så jag kan inte delta.", NO, None, ""),
    ("Hej! Jag avanmäler mig. Mvh Kim", NO, None, ""),
    ("Jag måste lämna återbud, barnen är sjuka.", NO, None, ""),
    ("Jag hinner tyvärr inte komma.", NO, None, ""),
    ("Nej, jag kommer inte.", NO, None, ""),
    ("Tyvärr kommer jag inte på torsdag.", NO, None, ""),
    ("Det går tyvärr inte.", NO, None, ""),
    ("Jag avböjer.", NO, None, ""),
    ("Sorry, I have to decline.", NO, None, ""),
    ("Thank you but no thanks.", NO, None, ""),
    # perhaps
    ("kanske, återkommer", MAYBE, None, ""),
    ("Jag återkommer.", MAYBE, None, ""),
    ("Jag vet inte än om jag kan komma.", MAYBE, None, ""),
    ("Kommer om jag får barnvakt.", MAYBE, None, ""),
    ("Jag ska försöka komma.", MAYBE, None, ""),
    ("Kommer nog, men säkert är det inte.", MAYBE, None, ""),
    ("Not sure yet, I might come.", MAYBE, None, ""),
    ("I'll try to make it.", MAYBE, None, ""),
    ("Preliminärt kommer vi två.", MAYBE, 2, ""),
    ("Jag hör av mig när jag vet.", MAYBE, None, ""),
    # nothing is invented
    ("Hur många kan vi vara?", UNCLEAR, None, ""),
    ("Jag har fått en fråga från min chef om träffen.", UNCLEAR, None, ""),
    ("Det kommer nog många.", UNCLEAR, None, ""),
    ("Vi är två kommuner som undrar över detta.", UNCLEAR, None, ""),
    ("I can't open the link.", UNCLEAR, None, ""),
    ("Will there be food?", UNCLEAR, None, ""),
    ("Jag skickade svaret i går.", UNCLEAR, None, ""),
    ("Jag kommer ha med mig en dator om det behövs?", UNCLEAR, None, ""),
    ("Finns det parkering?", UNCLEAR, None, ""),
    ("Kan jag komma senare?", UNCLEAR, None, ""),
    ("När kommer programmet?", UNCLEAR, None, ""),
    ("Tack för inbjudan!", UNCLEAR, None, ""),
    ("Jag kommer att tänka på det.", UNCLEAR, None, ""),
    ("Jag kommer inte åt länken.", UNCLEAR, None, ""),
    ("Jag kommer inte ihåg vad vi sade.", UNCLEAR, None, ""),
    ("Jag kommer från Bräcke.", UNCLEAR, None, ""),
    ("Lisa kan inte komma.", UNCLEAR, None, ""),
    ("Min kollega kommer i stället för mig.", UNCLEAR, None, ""),
    ("Jag kan inte komma på förmiddagen men kommer efter lunch.", UNCLEAR, None, ""),
    ("Jag kommer återkomma med förslag på tema.", UNCLEAR, None, ""),
    ("Kan någon hämta oss vid stationen?", UNCLEAR, None, ""),
    ("Jag kan inte öppna bilagan.", UNCLEAR, None, ""),
    ("Vi har tyvärr inte fått någon inbjudan.", UNCLEAR, None, ""),
    ("", UNCLEAR, None, ""),
    # how many is said in two ways, or not at all
    ("Vi kommer två, kanske tre.", MAYBE, None, ""),
    ("Vi kommer 2-3 personer.", YES, None, ""),
    ("Vi kommer gärna.", YES, None, ""),
    ("Vi kommer två från oss och tre från Bräcke.", YES, None, ""),
    ("Jag kommer, kanske med en kollega.", YES, None, ""),
    ("Vi kommer en kvart sent.", YES, None, ""),
]  # fmt: skip


def test_mails_as_people_write_them_are_understood_or_left_to_a_person() -> None:
    wrong = []
    for text, *wanted in MAILS:
        found = understand(text)
        got = [found.answer.value if found.answer else None, found.party_size, found.diet]
        if got != wanted:
            wrong.append(f"{text!r}: {got}, not {wanted}")

    assert len(MAILS) >= 60
    assert not wrong, "\n".join(wrong)


def test_an_empty_mail_is_read_by_its_subject() -> None:
    assert understand("", "SV: Re: Jag kommer gärna").answer == YES
    assert understand("Finns det parkering?", "Jag kommer gärna").answer is None


@pytest.mark.parametrize(
    "shape", ["jag ", "kan inte ", "vi kommer ", ", ", "två ", "inte ", "allergisk mot ", "\n", "om det "]
)
def test_understanding_takes_linear_time(shape: str) -> None:
    assert_linear(lambda text: understand(text), make=lambda count: shape * min(count, 20_000))
