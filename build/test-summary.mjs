// Reads the result files of a test run (trx from .NET, junit from node) and prints failures, skips and the totals.
// usage: node test-summary.mjs FOLDER; exit code 1 when something failed or nothing ran.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = process.argv[2];
const tests = []; // { suite, name, outcome: passed|failed|skipped, reason }

const entities = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
const unescape = text => text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, named) =>
  hex || decimal ? String.fromCodePoint(hex ? parseInt(hex, 16) : Number(decimal)) : entities[named] ?? whole);
const attribute = (tag, name) => unescape(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
const firstLines = text => text.trim().split('\n').slice(0, 6).map(line => line.trimEnd()).join('\n      ');

/** Elements of that name: [opening tag, inner text], also when self-closing. */
function* elements(xml, name) {
  const pattern = new RegExp(`(<${name}(?=[\\s/>])(?:[^>"]|"[^"]*")*?)(?:/>|>([\\s\\S]*?)</${name}>)`, 'g');
  for (const [, tag, inner = ''] of xml.matchAll(pattern)) yield [tag, inner];
}
const text = (xml, name) => unescape([...elements(xml, name)][0]?.[1] ?? '').replace(/^<!\[CDATA\[|\]\]>$/g, '');

function readTrx(suite, xml) {
  const outcomes = { Passed: 'passed', NotExecuted: 'skipped' };
  for (const [tag, inner] of elements(xml, 'UnitTestResult'))
    tests.push({
      suite, name: attribute(tag, 'testName'), outcome: outcomes[attribute(tag, 'outcome')] ?? 'failed',
      reason: text(inner, 'Message') || text(inner, 'StdOut'),
    });
}

function readJunit(suite, xml) {
  for (const [tag, inner] of elements(xml, 'testcase')) {
    const [failure] = elements(inner, 'failure'), [skipped] = elements(inner, 'skipped');
    const reason = failure ? unescape(attribute(failure[0], 'message')) || unescape(failure[1]) /* node escapes the attribute twice */ : skipped ? attribute(skipped[0], 'message') : '';
    if (skipped && reason === 'test name does not match pattern') continue; // left out by the filter
    tests.push({ suite, name: attribute(tag, 'name'), outcome: failure ? 'failed' : skipped ? 'skipped' : 'passed', reason });
  }
}

for (const file of readdirSync(folder).sort()) {
  const xml = () => readFileSync(join(folder, file), 'utf8');
  if (file.endsWith('.trx')) readTrx(basename(file, '.trx'), xml());
  if (file.endsWith('.junit.xml')) readJunit(basename(file, '.junit.xml'), xml());
}

// A runner that ended badly without a failed test to show for it (a crash, a hang) is itself a failure.
for (const list of ['dotnet.failed', 'node.failed'].map(name => join(folder, name)).filter(existsSync))
  for (const suite of readFileSync(list, 'utf8').trim().split('\n'))
    if (!tests.some(test => test.suite === suite && test.outcome === 'failed')) {
      const log = join(folder, `${suite}.log`);
      tests.push({ suite, name: '(the test process itself)', outcome: 'failed',
        reason: existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').slice(-6).join('\n') : 'ended with an error' });
    }

const of = outcome => tests.filter(test => test.outcome === outcome);
const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map(of);
console.log();
for (const [title, list] of [['failed', failed], ['skipped', skipped]])
  for (const { suite, name, reason } of list)
    console.log(`${title}: ${suite}: ${name}\n      ${firstLines(reason || 'no reason given')}`);
if (tests.length === 0) console.log('no test ran');
console.log(`${passed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
process.exitCode = failed.length || passed.length === 0 ? 1 : 0;
