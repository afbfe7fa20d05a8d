// `npm run house`: prints measures of the code's structure, to compare with those of an earlier commit. Judges nothing.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { onCurrentNode } from './npm.mjs';
import { capture, fail, filesIn, inRoot, isMain, root } from './tools.mjs';

const ROOMS = ['app', 'renderer', 'native', 'build', 'test'];
/** A function with more lines or decision points than this is listed. */
const LONG = 60;
const COMPLICATED = 20;

const paths = (room) => filesIn([room]).filter((path) => /\.(ts|svelte|mjs|cc|c|h)$/.test(path));
const linesOf = (path) => readFileSync(path, 'utf8').trimEnd().split('\n');

function figuresOf(room) {
  const files = paths(room);
  const lengths = files.map((path) => linesOf(path).length);
  const perFolder = new Map();
  for (const path of files) perFolder.set(dirname(path), (perFolder.get(dirname(path)) ?? 0) + 1);
  const [folder, most] = [...perFolder].toSorted(([, one], [, other]) => other - one)[0];
  const wide = files.flatMap(linesOf).filter((line) => line.length > 120).length;
  const all = lengths.reduce((sum, length) => sum + length, 0);
  const largest = files[lengths.indexOf(Math.max(...lengths))];
  return {
    room,
    files: files.length,
    lines: all,
    mean: Math.round(all / files.length),
    largest: `${Math.max(...lengths)} (${basename(largest)})`,
    'most in a folder': `${most} (${relative(root, folder)})`,
    'over 120': wide,
  };
}

/** The import graph of app: each file, and the files of app that it imports. */
function imports() {
  const graph = new Map();
  for (const path of paths('app').filter((one) => one.endsWith('.ts'))) {
    const named = readFileSync(path, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
    graph.set(path, [...named].map(([, to]) => normalize(join(dirname(path), to))).filter(existsSync));
  }
  return graph;
}

/** Import cycles: sets of nodes that all reach each other (Tarjan). */
function circles(graph) {
  const found = [];
  const [index, low, stack] = [new Map(), new Map(), []];
  const visit = (node) => {
    index.set(node, index.size);
    low.set(node, index.get(node));
    stack.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) visit(next);
      if (stack.includes(next)) low.set(node, Math.min(low.get(node), low.get(next)));
    }
    if (low.get(node) !== index.get(node)) return;
    const circle = stack.splice(stack.indexOf(node));
    if (circle.length > 1) found.push(circle);
  };
  for (const node of graph.keys()) if (!index.has(node)) visit(node);
  return found;
}

/** The graph with folders as nodes. */
function ofFolders(graph) {
  const folders = new Map();
  for (const [path, others] of graph) {
    const own = folders.get(dirname(path)) ?? new Set();
    for (const other of others) if (dirname(other) !== dirname(path)) own.add(dirname(other));
    folders.set(dirname(path), own);
  }
  return folders;
}

/** The functions of app, renderer and build beyond these bounds, with their places. */
async function heavyFunctions() {
  const { ESLint } = await import('eslint');
  const rules = { 'max-lines-per-function': ['warn', LONG], complexity: ['warn', COMPLICATED] };
  const eslint = new ESLint({
    cwd: root,
    overrideConfigFile: inRoot('build/eslint.config.mjs'),
    overrideConfig: { rules },
  });
  return (await eslint.lintFiles(['app', 'renderer', 'build'])).flatMap(({ filePath, messages }) =>
    messages
      .filter(({ ruleId }) => ruleId in rules)
      .map(({ line, message }) => `${relative(root, filePath)}:${line}: ${message}`),
  );
}

async function commits() {
  const { code, stdout } = await capture('git', ['log', '--no-merges', '-100', '--format=%s%x00%b%x01'], {
    quiet: true,
  });
  if (code !== 0) return 'no history here';
  const all = stdout
    .split('\x01')
    .map((one) => one.trim().split('\0'))
    .filter(([subject]) => subject !== '');
  const long = all.filter(([subject]) => subject.length > 72).length;
  const mean = Math.round(all.reduce((sum, [subject]) => sum + subject.length, 0) / all.length);
  return `${all.length}: mean ${mean} characters, ${long} over 72, ${all.filter(([, body]) => body !== '').length} with a body`;
}

async function house() {
  console.table(ROOMS.map(figuresOf));
  const graph = imports();
  const named = (found) => found.map((circle) => circle.map((path) => relative(root, path)).join(' - '));
  console.log(`circles of files in app: ${named(circles(graph)).join('; ') || 'none'}`);
  console.log(`circles of folders in app: ${named(circles(ofFolders(graph))).join('; ') || 'none'}`);
  const heavy = await heavyFunctions();
  console.log(`functions over ${LONG} lines, or with over ${COMPLICATED} decision points: ${heavy.length}`);
  for (const one of heavy) console.log(`  ${one}`);
  console.log(`the last commits: ${await commits()}`);
}

if (isMain(import.meta.url)) {
  await onCurrentNode(import.meta.url)
    .then(house)
    .catch(fail);
}
