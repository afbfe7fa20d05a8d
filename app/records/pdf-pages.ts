// Pages of A4 with text, lines and marks, drawn with pdfkit. The report decides the content.
import { readFileSync } from 'node:fs';
import PDFDocument from 'pdfkit';

const MARGIN = 48;
const FOOT = 32;
/** Width between the margins, in points. */
export const WIDTH = 595.28 - 2 * MARGIN;

export const INK = '#15191e';
export const MUTED = '#505a67';
export const GOOD = '#0d7a3e';
export const BAD = '#bd1e1e';
const LINE = '#d9dde3';

/** How text is set. */
export interface Style {
  size?: number;
  bold?: boolean;
  colour?: string;
  align?: 'left' | 'right';
}

/** A piece of a row: its distance from the left margin, its width, its text. */
export interface Cell {
  at: number;
  width: number;
  text: string;
  style?: Style;
}

/** The mark beside a word. */
export type Mark = 'verified' | 'caution' | 'written' | 'failed' | 'cancelled';

const SCRIPTS = String.raw`\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}`;
const SIGNS = String.raw`\u0020-\u007e\u00a0-\u00ff\u0300-\u036f\u2010-\u2027\u202f\u2030-\u203a\u20ac`;
/** Characters that Inter lacks. They are spelled out, so that nothing is lost. */
const UNKNOWN = new RegExp(String.raw`[^\n${SCRIPTS}${SIGNS}]`, 'gu');
const known = (text: string): string =>
  text.normalize('NFC').replace(UNKNOWN, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);

const font = (name: string): Buffer => readFileSync(new URL(name, import.meta.url));

/** A document, written from the top of its first page down. */
export class Sheet {
  readonly #doc: PDFKit.PDFDocument;
  readonly #done: Promise<Buffer>;
  /** Repeated at the top of each page. */
  #heading: readonly Cell[] | null = null;

  constructor(info: { title: string; subject: string; creator: string; language: string; createdAt: Date }) {
    this.#doc = new PDFDocument({
      size: 'A4',
      margins: { top: MARGIN, bottom: MARGIN + FOOT, left: MARGIN, right: MARGIN },
      bufferPages: true,
      lang: info.language,
      displayTitle: true,
      // Without this, pdfkit loads a font of its own.
      font: font('inter-regular.ttf') as unknown as string,
      info: {
        Title: info.title,
        Subject: info.subject,
        Creator: info.creator,
        Producer: info.creator,
        CreationDate: info.createdAt,
      },
    });
    this.#doc.registerFont('regular', font('inter-regular.ttf')).registerFont('bold', font('inter-semibold.ttf'));
    const pieces: Buffer[] = [];
    this.#doc.on('data', (piece: Buffer) => pieces.push(piece));
    this.#done = new Promise((resolve, reject) => {
      this.#doc.once('end', () => resolve(Buffer.concat(pieces)));
      this.#doc.once('error', reject);
    });
  }

  /** Cells side by side, all on one page; `mark` is drawn in front of the cell with that index. */
  row(
    cells: readonly Cell[],
    { gap = 4, mark = null }: { gap?: number; mark?: { cell: number; of: Mark } | null } = {},
  ): void {
    const height = Math.max(...cells.map((cell) => this.#heightOf(cell)));
    this.#room(height);
    const top = this.#doc.y;
    for (const cell of cells) this.#put(cell, top);
    if (mark !== null) this.#mark(mark.of, MARGIN + cells[mark.cell]!.at - 14, top);
    this.#doc.x = MARGIN;
    this.#doc.y = top + height + gap;
  }

  /** A row that is repeated at the top of each following page; null to stop. */
  heading(cells: readonly Cell[] | null): void {
    this.#heading = null;
    if (cells !== null) this.row(cells);
    this.#heading = cells;
  }

  /** A line across the page. */
  rule(gap = 6): void {
    this.#doc
      .moveTo(MARGIN, this.#doc.y)
      .lineTo(MARGIN + WIDTH, this.#doc.y)
      .lineWidth(0.75)
      .strokeColor(LINE)
      .stroke();
    this.#doc.y += gap;
  }

  space(points: number): void {
    this.#doc.y += points;
  }

  /** Begins a new page unless `points` are left. */
  keep(points: number): void {
    this.#room(points);
  }

  /** Puts the footers under all pages; gives the document. */
  end(foot: (page: number, pages: number) => readonly Cell[]): Promise<Buffer> {
    const { start, count } = this.#doc.bufferedPageRange();
    for (let page = start; page < start + count; page += 1) {
      this.#doc.switchToPage(page);
      // Below the margin, where pdfkit would otherwise begin a new page.
      this.#doc.page.margins.bottom = 0;
      for (const cell of foot(page - start + 1, count)) this.#put(cell, this.#doc.page.height - MARGIN - 12);
    }
    this.#doc.end();
    return this.#done;
  }

  #room(points: number): void {
    const { height, margins } = this.#doc.page;
    if (this.#doc.y + points <= height - margins.bottom) return;
    this.#doc.addPage();
    const heading = this.#heading;
    if (heading !== null) this.heading(heading);
  }

  #set({ size = 9, bold = false, colour = INK }: Style): void {
    this.#doc
      .font(bold ? 'bold' : 'regular')
      .fontSize(size)
      .fillColor(colour);
  }

  #heightOf({ text, width, style = {} }: Cell): number {
    this.#set(style);
    return this.#doc.heightOfString(known(text), { width, features: featuresOf(style) });
  }

  #put({ at, width, text, style = {} }: Cell, top: number): void {
    this.#set(style);
    this.#doc.text(known(text), MARGIN + at, top, { width, align: style.align ?? 'left', features: featuresOf(style) });
  }

  /** Shape and word carry the meaning, so that it survives printing without colour. */
  #mark(mark: Mark, x: number, top: number): void {
    const [cx, cy] = [x + 5, top + 5.5];
    this.#doc.lineWidth(1.3).lineCap('round').lineJoin('round');
    switch (mark) {
      case 'verified':
        this.#doc.circle(cx, cy, 5).fill(GOOD);
        this.#doc
          .moveTo(cx - 2.4, cy + 0.2)
          .lineTo(cx - 0.7, cy + 1.9)
          .lineTo(cx + 2.5, cy - 1.8)
          .stroke('#ffffff');
        return;
      case 'caution':
        this.#doc.polygon([cx, cy - 4.8], [cx + 5, cy + 4.4], [cx - 5, cy + 4.4]).stroke(INK);
        this.#doc
          .moveTo(cx, cy - 1.4)
          .lineTo(cx, cy + 2.4)
          .stroke(INK);
        return;
      case 'written':
        this.#doc.circle(cx, cy, 4.3).stroke(INK);
        return;
      case 'failed':
        this.#doc.roundedRect(cx - 5, cy - 5, 10, 10, 2).fill(BAD);
        this.#doc
          .moveTo(cx - 2, cy - 2)
          .lineTo(cx + 2, cy + 2)
          .moveTo(cx + 2, cy - 2)
          .lineTo(cx - 2, cy + 2)
          .stroke('#ffffff');
        return;
      case 'cancelled':
        this.#doc.circle(cx, cy, 4.3).stroke(MUTED);
        this.#doc
          .moveTo(cx - 2.2, cy)
          .lineTo(cx + 2.2, cy)
          .stroke(MUTED);
    }
  }
}

/** Digits of equal width in columns of figures, which are set right. Elsewhere Inter would widen the hyphens of names. */
const featuresOf = ({ align }: Style): PDFKit.Mixins.OpenTypeFeatures[] =>
  align === 'right' ? ['tnum', 'kern'] : ['kern'];
