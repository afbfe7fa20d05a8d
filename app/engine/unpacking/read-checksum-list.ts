// Where a list of checksums is read.
import { readPlainFile } from '../../base/durable-file.ts';
import { LIST_BYTES } from '../../parsers/checksums/list.ts';

/** The bytes of the list at `path`. Rejects with a Refusal when it is no plain file, too long, or cannot be read. */
export const readList = (path: string): Promise<Buffer> => readPlainFile(path, LIST_BYTES);
