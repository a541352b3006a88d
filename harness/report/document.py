"""The report as Markdown: `report.md`, and a short form to paste into a post."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model import ResultSet, RunHead, Summary
from harness.report import ablation, caveats, coldstart, escape, origin, pictures, releases, tables
from harness.report.caveats import Note
from harness.report.pictures import Picture
from harness.report.tables import Table


def markdown(result_set: ResultSet, summary: Summary) -> str:
    """The whole report: result, doubts, charts, the other tables, words, origin, and what every guard saw."""
    body = "\n".join(_body(result_set.head, summary))
    guards = _guards(summary)
    return "\n".join((body, _words(body + guards), _origin(result_set), guards))


def paste(head: RunHead, summary: Summary) -> str:
    """One table and one line that says where it comes from."""
    warning = f"**{caveats.QUICK}**\n\n" if head.plan.quick else ""
    line = f"{origin.circumstances(head)} · {origin.versions(head)}. Latency is closed loop."
    said = f"{_varied(summary)}{_pasted(summary)}"
    return f"{warning}{tables.markdown(tables.result(head, summary))}\n{escape.markdown(line)}{said}\n"


def _body(head: RunHead, summary: Summary) -> Iterator[str]:
    yield f"# Rematch: {escape.markdown(head.name)}\n"
    if head.plan.quick:
        yield f"> **{caveats.QUICK}**\n"
    yield f"{escape.markdown(origin.circumstances(head))}\n"
    yield _section(tables.result(head, summary))
    yield _list(escape.markdown(remark) for remark in (*caveats.remarks(head, summary), *coldstart.remarks(head)))
    yield _comparisons(summary)
    yield _doubts(caveats.notes(summary))
    if head.varies:
        yield _section(ablation.table(head, summary))
        yield f"{escape.markdown(ablation.BRINGS)}\n"
    if summary.releases:
        yield _section(releases.table(summary))
        yield _list(map(escape.markdown, releases.sentences(summary)))
        yield f"{escape.markdown(releases.MOVED)}\n"
    yield from map(picture_of, pictures.shown(head, summary))
    if ratios := tables.ratios(head, summary):
        yield f"{_section(ratios)}\n{escape.markdown(caveats.DUET)}\n"
    if open_loop := tables.open_loop(head, summary):
        yield f"{_section(open_loop)}\n{escape.markdown(caveats.OPEN_LOOP)}\n"
    yield from _starts(summary)
    if summary.claims:
        yield _section(tables.claims(summary, summary.claims))
        yield _list(map(escape.markdown, caveats.claimed(summary.claims)))
    yield _section(tables.cost(head, summary))
    if idle := tables.idle(head, summary):
        yield f"{_section(idle)}\n{escape.markdown(caveats.IDLE)}\n"
    yield _section(tables.served(head, summary))


def _starts(summary: Summary) -> Iterator[str]:
    yield from (_section(table) for table in (coldstart.variants(summary), coldstart.imports(summary)) if table)
    if imported := list(coldstart.imported(summary)):
        yield _list(f"{escape.code(label)} {escape.markdown(said)}" for label, said in imported)


def _section(table: Table) -> str:
    return f"## {escape.markdown(table.title)}\n\n{tables.markdown(table)}"


def _list(lines: Iterator[str]) -> str:
    return "".join(f"* {line}\n" for line in lines)


def _comparisons(summary: Summary) -> str:
    rows = tables.ordered(summary.rows)
    sentences = [(row.member.label, caveats.compared(row)) for row in rows]
    return _list(f"{escape.code(label)}: {escape.markdown(said)}" for label, said in sentences if said)


def _doubts(notes: tuple[Note, ...]) -> str:
    if not notes:
        return "No guard raised a doubt.\n"
    return f"## Doubts\n\n{_list(map(_doubt, notes))}"


def _doubt(note: Note) -> str:
    who = ", ".join(map(escape.code, note.contenders)) or "all"
    return f"\\[{note.number}\\] {who}, {note.what}: {escape.markdown(note.evidence)} ({note.gives})"


def _varied(summary: Summary) -> str:
    """The spread between occasions, of every contender of which there is one."""
    said = [
        f"Ratio of {escape.code(row.member.label)}: {escape.markdown(caveats.varied(row.pooled))}."
        for row in tables.ordered(summary.rows)
        if row.pooled
    ]
    return f"\n\n{' '.join(said)}" if said else ""


def _pasted(summary: Summary) -> str:
    doubts = "; ".join(map(_doubt, caveats.notes(summary)))
    return f"\n\n{doubts}" if doubts else ""


def picture_of(picture: Picture) -> str:
    """A chart in the reader's own theme, where the page knows it."""
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="charts/{picture.name}-dark.svg">'
        f'<img alt="{picture.alt}" src="charts/{picture.name}-light.svg"></picture>\n'
    )


def _guards(summary: Summary) -> str:
    lines = (
        f"{doubt.guard}, {escape.code(doubt.contender) if doubt.contender else 'all'}: "
        f"{escape.markdown(doubt.evidence)} ({'not checked' if not doubt.checked else doubt.gives or 'nothing found'})"
        for doubt in summary.doubts
    )
    return f"<details><summary>What every guard saw</summary>\n\n{_list(lines)}\n</details>\n"


def _words(body: str) -> str:
    return "## Words\n\n" + _list(f"**{word}**: {meaning}" for word, meaning in caveats.glossary(body))


def _origin(result_set: ResultSet) -> str:
    facts = _list(f"{escape.markdown(name)}: {escape.markdown(value)}" for name, value in origin.facts(result_set))
    members = result_set.head.members
    commands = _list(f"{escape.code(member.label)}: {escape.code(origin.command(member))}" for member in members)
    return f"## Where this comes from\n\n{facts}\n### Commands\n\n{commands}"
