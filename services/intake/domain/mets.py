"""What a package holds, as archives read it: METS by FGS Paketstruktur 2.0, and a short Dublin Core.

FGS Paketstruktur 2.0 of the Swedish National Archives is E-ARK CSIP 2.1.0 with E-ARK SIP 2.1.0; numbers such as CSIP9
in comments are their requirements.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from services.intake.domain.package_files import PackagedFile

METS: Final = "http://www.loc.gov/METS/"
XLINK: Final = "http://www.w3.org/1999/xlink"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
CSIP: Final = "https://DILCIS.eu/XML/METS/CSIPExtensionMETS"
SIP: Final = "https://DILCIS.eu/XML/METS/SIPExtensionMETS"
OAI_DC: Final = "http://www.openarchives.org/OAI/2.0/oai_dc/"
DC: Final = "http://purl.org/dc/elements/1.1/"
PROFILE: Final = "https://earksip.dilcis.eu/profile/E-ARK-SIP.xml"
"""Of a package that is handed in (SIP2)."""

_CONTENT: Final = {
    f"{{{CSIP}}}CONTENTINFORMATIONTYPE": "OTHER",
    f"{{{CSIP}}}OTHERCONTENTINFORMATIONTYPE": "idea-1",
}
"""By no content specification of the archives', but by our own schema (CSIP4, CSIP62)."""
_PREFIXES = {"mets": METS, "xlink": XLINK, "xsi": XSI, "csip": CSIP, "sip": SIP, "oai_dc": OAI_DC, "dc": DC}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (§2.2) has no way to write, not even escaped."""


@dataclass(frozen=True, slots=True)
class Packaged:
    """What the METS says of the whole package."""

    reference: str
    """Also the name of its folder (CSIP1)."""
    title: str
    archivist: str
    """The organisation whose record it is."""
    software: str
    version: str
    created: datetime
    """When the state that it shows came about: the same state gives the same bytes."""
    registry_number: str | None = None


def fit_for_xml(text: str) -> str:
    """The same text without what XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def write_mets(package: Packaged, descriptive: PackagedFile, groups: Mapping[str, Sequence[PackagedFile]]) -> bytes:
    """The package's METS.xml.

    :param descriptive: the Dublin Core.
    :param groups: by name of the part: ``Documentation``, ``Schemas``, ``Representations``; no part is empty.
    """
    root = Element(
        f"{{{METS}}}mets",
        {
            "OBJID": package.reference,
            "LABEL": fit_for_xml(package.title) or package.reference,
            "TYPE": "Mixed",
            **_CONTENT,
            "PROFILE": PROFILE,
            f"{{{XSI}}}schemaLocation": (
                f"{METS} http://www.loc.gov/standards/mets/mets.xsd"
                f" {CSIP} https://earkcsip.dilcis.eu/schema/DILCISExtensionMETS.xsd"
                f" {SIP} https://earksip.dilcis.eu/schema/DILCISExtensionSIPMETS.xsd"
            ),
        },
    )
    _write_header(root, package)
    described = SubElement(
        root, f"{{{METS}}}dmdSec", {"ID": "dmd-1", "CREATED": _moment(descriptive.created), "STATUS": "CURRENT"}
    )
    SubElement(described, f"{{{METS}}}mdRef", {"MDTYPE": "DC", **_place(descriptive), **_facts(descriptive)})
    section = SubElement(root, f"{{{METS}}}fileSec", {"ID": "files"})
    for group, files in groups.items():
        _write_group(section, group, files)
    _write_structure(root, package, groups)
    return _written(root)


def write_dublin_core(facts: Iterable[tuple[str, str]]) -> bytes:
    """Element and value of the fifteen of Dublin Core; an empty value is left out."""
    root = Element(
        f"{{{OAI_DC}}}dc",
        {f"{{{XSI}}}schemaLocation": f"{OAI_DC} http://www.openarchives.org/OAI/2.0/oai_dc.xsd"},
    )
    for name, value in facts:
        if value:
            SubElement(root, f"{{{DC}}}{name}").text = fit_for_xml(value)
    return _written(root)


def _write_header(root: Element, package: Packaged) -> None:
    header = SubElement(
        root,
        f"{{{METS}}}metsHdr",
        {"CREATEDATE": _moment(package.created), "RECORDSTATUS": "NEW", f"{{{CSIP}}}OAISPACKAGETYPE": "SIP"},
    )
    software = SubElement(
        header, f"{{{METS}}}agent", {"ROLE": "CREATOR", "TYPE": "OTHER", "OTHERTYPE": "SOFTWARE"}
    )  # CSIP10
    SubElement(software, f"{{{METS}}}name").text = package.software
    version = SubElement(software, f"{{{METS}}}note", {f"{{{CSIP}}}NOTETYPE": "SOFTWARE VERSION"})
    version.text = package.version
    archivist = SubElement(header, f"{{{METS}}}agent", {"ROLE": "ARCHIVIST", "TYPE": "ORGANIZATION"})  # SIP9
    SubElement(archivist, f"{{{METS}}}name").text = fit_for_xml(package.archivist)
    if package.registry_number:
        number = SubElement(header, f"{{{METS}}}altRecordID", {"TYPE": "REFERENCECODE"})
        number.text = fit_for_xml(package.registry_number)


def _write_group(section: Element, name: str, files: Sequence[PackagedFile]) -> None:
    kind = _CONTENT if name == "Representations" else {}
    group = SubElement(section, f"{{{METS}}}fileGrp", {"ID": f"group-{name.lower()}", "USE": name, **kind})
    for number, file in enumerate(files, 1):
        facts = _facts(file) | ({"OWNERID": fit_for_xml(file.name)} if file.name else {})
        element = SubElement(group, f"{{{METS}}}file", {"ID": f"{name.lower()}-{number}", **facts})
        SubElement(element, f"{{{METS}}}FLocat", _place(file))


def _write_structure(root: Element, package: Packaged, groups: Iterable[str]) -> None:
    structure = SubElement(
        root, f"{{{METS}}}structMap", {"ID": "structure", "TYPE": "PHYSICAL", "LABEL": "CSIP"}
    )  # CSIP80
    whole = SubElement(structure, f"{{{METS}}}div", {"ID": "package", "LABEL": package.reference})
    SubElement(whole, f"{{{METS}}}div", {"ID": "part-metadata", "LABEL": "Metadata", "DMDID": "dmd-1"})
    for name in groups:
        part = SubElement(whole, f"{{{METS}}}div", {"ID": f"part-{name.lower()}", "LABEL": name})
        # To the whole group of files (CSIP116).
        SubElement(part, f"{{{METS}}}fptr", {"FILEID": f"group-{name.lower()}"})


def _facts(file: PackagedFile) -> dict[str, str]:
    return {
        "MIMETYPE": file.type,
        "SIZE": str(file.size),
        "CREATED": _moment(file.created),
        "CHECKSUM": file.sha256,
        "CHECKSUMTYPE": "SHA-256",
    }


def _place(file: PackagedFile) -> dict[str, str]:
    return {"LOCTYPE": "URL", f"{{{XLINK}}}type": "simple", f"{{{XLINK}}}href": file.path}


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _written(root: Element) -> bytes:
    for prefix, name in _PREFIXES.items():
        ElementTree.register_namespace(prefix, name)
    ElementTree.indent(root)
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"
