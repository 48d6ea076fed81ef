import type { ReportContent, SectionContent } from './content.ts';

/** The report as Markdown; its pictures are files beside it, named by `pictureFile`. */
export function toMarkdown(
  { title, meta, sections, notes }: ReportContent,
  pictureFile: (id: string) => string,
): string {
  const parts = [
    `# ${escapeMarkdown(title)}`,
    escapeMarkdown(meta),
    ...sections.flatMap((section) => sectionOf(section, pictureFile)),
    '## How to read it',
    notes.map((note) => `- ${escapeMarkdown(note)}`).join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

function sectionOf(section: SectionContent, pictureFile: (id: string) => string): string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const bold = (cell: string) => `**${cell}**`;
  const rows = section.rows.map((row, i) => {
    const cells = row.map(escapeMarkdown);
    return line(i === 0 ? cells.map(bold) : cells);
  });
  const align = section.heading.map((_, i) => (i < 2 ? '---' : '---:'));
  return [
    `## ${escapeMarkdown(section.title)}`,
    escapeMarkdown(section.intro),
    [line(section.heading.map(escapeMarkdown)), line(align), ...rows].join('\n'),
    ...section.problems.map(escapeMarkdown),
    ...section.pictures.flatMap(({ id, picture, caption }) => [
      `![${escapeMarkdown(picture.description)}](${pictureFile(id)})`,
      escapeMarkdown(caption),
    ]),
    '### Samples',
    ...section.samples.flatMap(({ name, text }) => [escapeMarkdown(name), fenced(text)]),
  ];
}

/** A code block that the text cannot end: its fence is longer than any run of backticks inside. */
function fenced(text: string): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(Math.max(3, longest + 1));
  return `${fence}\n${text}\n${fence}`;
}

function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|#!&]/g, (character) => `\\${character}`);
}
