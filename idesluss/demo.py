"""Demo data for the first run: the eight municipalities of Region Jämtland Härjedalen."""

from __future__ import annotations

from idesluss import demo_content, demo_events
from services.intake.store import sluices
from services.intake.store.people_tables import Administrator
from services.intake.usecases.announce_sluice import announce_sluice
from shared.db import Database, Role
from shared.settings import Settings

MUNICIPALITIES = (
    ("berg", "BER", "Bergs kommun"),
    ("bracke", "BRA", "Bräcke kommun"),
    ("harjedalen", "HAR", "Härjedalens kommun"),
    ("krokom", "KRO", "Krokoms kommun"),
    ("ragunda", "RAG", "Ragunda kommun"),
    ("stromsund", "STR", "Strömsunds kommun"),
    ("are", "ARE", "Åre kommun"),
    ("ostersund", "OST", "Östersunds kommun"),
)
"""Slug, reference code, name."""
COACH = "coach@region.example"
"""Coach of all eight."""
ADMINISTRATOR = "admin@region.example"


def seed(settings: Settings) -> int:
    """Make the demo sluices where there are no sluices at all, and the demo's events; returns how many sluices."""
    made = _sluices(settings)
    if settings.demo_ideas:
        demo_events.seed(settings)
    return made


def _sluices(settings: Settings) -> int:
    database = Database(settings, Role.INTAKE, pool_size=1)
    try:
        with database.transaction() as session:
            if sluices.profiles(session):
                return 0
            for slug, code, name in MUNICIPALITIES:
                sluice_id = sluices.save(
                    session,
                    slug=slug,
                    code=code,
                    name=name,
                    address=f"ide@{slug}.example",
                    staff_domains=[f"{slug}.example"],
                )
                sluices.add_contact(
                    session, sluice_id, name=f"Kontaktperson, {name}", address=f"kontakt@{slug}.example"
                )
                sluices.add_contact(session, sluice_id, name="Innovationscoach", address=COACH, role="coach")
                announce_sluice(session, sluice_id)
            session.add(Administrator(address=ADMINISTRATOR, name="Administratör"))
            demo_content.open_boards(session)
            if settings.demo_ideas:
                demo_content.fill(session, settings)
    finally:
        database.dispose()
    return len(MUNICIPALITIES)
