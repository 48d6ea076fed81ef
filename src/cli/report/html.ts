import { toSvg } from '../../pictures/index.ts';
import type { ReportContent, SectionContent } from './content.ts';

const style = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: 0; }
h2 { margin-top: 3rem; border-bottom: 1px solid #d0d7de; }
.meta, figcaption, .notes { color: #57606a; font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 1rem 0; white-space: nowrap; }
th, td { padding: .3rem .8rem; text-align: right; border-bottom: 1px solid #eaeef2; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; }
tr.best td { font-weight: 600; background: #eef6ff; }
figure { margin: 1.5rem 0; }
svg { max-width: 100%; height: auto; }
.samples { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1rem; }
.samples h3 { margin: 0 0 .3rem; font-size: 1rem; }
pre { margin: 0; padding: .8rem; background: #f6f8fa; border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85rem; }
`;

/** The report as one page that needs nothing else. All text is escaped: names and samples come from models. */
export function toHtml({ title, meta, sections, notes }: ReportContent): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="meta">${escapeHtml(meta)}</p>
${sections.map(sectionOf).join('\n')}
<h2>How to read it</h2>
<ul class="notes">
${notes.map((note) => `<li>${escapeHtml(note)}</li>`).join('\n')}
</ul>
</body>
</html>
`;
}

function sectionOf(section: SectionContent): string {
  const cells = (tag: string, texts: readonly string[]) =>
    texts.map((text) => `<${tag}>${escapeHtml(text)}</${tag}>`).join('');
  const rows = section.rows.map((row, i) => `<tr${i === 0 ? ' class="best"' : ''}>${cells('td', row)}</tr>`);
  const figures = section.pictures.map(
    ({ picture, caption }) =>
      `<figure>\n${toSvg(picture)}<figcaption>${escapeHtml(caption)}</figcaption>\n</figure>`,
  );
  const samples = section.samples.map(
    ({ name, text }) => `<div><h3>${escapeHtml(name)}</h3><pre>${escapeHtml(text)}</pre></div>`,
  );
  const problems = section.problems.map((problem) => `<p class="meta">${escapeHtml(problem)}</p>`);
  return `<h2>${escapeHtml(section.title)}</h2>
<p>${escapeHtml(section.intro)}</p>
<div class="wide"><table>
<thead><tr>${cells('th', section.heading)}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>
${[...problems, ...figures].join('\n')}
<h3>Samples</h3>
<div class="samples">
${samples.join('\n')}
</div>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
