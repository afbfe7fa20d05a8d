// Reports: records as files for other people and programs.
import type { Language, ReportForm } from '../contract/limits.ts';
import type { JobRecord } from '../contract/records.ts';
import { replaceFile } from '../base/durable-file.ts';
import { recordsCsv } from './csv.ts';
import { writtenRecord } from './history.ts';
import type { reportPdf } from './pdf.ts';

/** pdfkit and its fonts are a separate bundle for window and command line, because most runs never need them. */
const PDF = new URL('../records/pdf.js', import.meta.url).href;

/**
 * Writes a report on `records` to the file `path`: all of them as CSV, the first one as PDF or JSON. Throws a Refusal
 * when it cannot be written.
 */
export async function saveReport(
  path: string,
  form: ReportForm,
  records: readonly JobRecord[],
  language: Language = 'en',
): Promise<void> {
  await replaceFile(path, [await reportBytes(form, records, language)]);
}

async function reportBytes(form: ReportForm, records: readonly JobRecord[], language: Language): Promise<Buffer> {
  switch (form) {
    case 'csv':
      return Buffer.from(recordsCsv(records));
    case 'json':
      return writtenRecord(records[0]!);
    case 'pdf': {
      const made = (await import(PDF)) as { reportPdf: typeof reportPdf };
      return made.reportPdf(records[0]!, language);
    }
  }
}
