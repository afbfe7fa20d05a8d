// The manual's Markdown as blocks to show: headings, code, and text without its marks. Links are not followed.

/** A part of the manual. `level`: of a heading. */
export interface Block {
  kind: 'heading' | 'code' | 'text';
  text: string;
  level: number;
}

/** Text without the marks of emphasis, code and links. */
const plain = (text: string): string =>
  text
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, '$1')
    .replaceAll('**', '')
    .replaceAll('`', '');

/** The blocks of a Markdown text. A table stays as it is written. */
export function blocksOf(markdown: string): Block[] {
  return markdown.split(/^```\w*\n([\s\S]*?)^```$/mu).flatMap((part, index): Block[] => {
    if (index % 2 === 1) return [{ kind: 'code', text: part.trimEnd(), level: 0 }];
    return part
      .split(/\n{2,}/u)
      .map((text) => text.trim())
      .filter((text) => text !== '')
      .map((text): Block => {
        const heading = /^(#+) (.*)$/u.exec(text);
        if (heading !== null) return { kind: 'heading', text: plain(heading[2]!), level: heading[1]!.length };
        if (text.startsWith('|')) return { kind: 'code', text, level: 0 };
        return { kind: 'text', text: plain(text), level: 0 };
      });
  });
}
