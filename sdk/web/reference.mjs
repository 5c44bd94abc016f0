// The SDK's reference, from the docstrings in its type declarations.
import ts from 'typescript';

/** Markdown of everything that the modules export: `{ name of the module: its declaration file }`. */
export function reference(modules) {
  const program = ts.createProgram(Object.values(modules), { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'], types: [] });
  const checker = program.getTypeChecker();
  const parts = ['# The web SDK\'s reference', 'Made from the docstrings by `npm run build` in `sdk/web`: edit those. How it is used: [sdk/web](../sdk/web/README.md).\n\n'
    + 'What has events tells them by `on(event, listener)`, which returns a function that ends that, and `once(event)`, a promise of the next.'];
  for (const [name, file] of Object.entries(modules)) {
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)))
      .map(symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
      .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
    parts.push(`## ${name}`, ...exported.flatMap(symbol => describe(checker, symbol)));
  }
  return `${parts.join('\n\n')}\n`;
}

/** Classes, functions, what else there is. */
const rank = ({ declarations: [declaration] }) => (ts.isClassDeclaration(declaration) ? 0 : ts.isFunctionDeclaration(declaration) ? 1 : 2);

function describe(checker, symbol) {
  const [declaration] = symbol.declarations;
  const members = membersOf(checker, declaration);
  const parts = [`### ${symbol.name}`];
  const text = docOf(checker, symbol);
  if (text) parts.push(text);
  if (members) {
    if (members.length) parts.push(table(['Member', ''], members.map(member => [signature(member), docOf(checker, checker.getSymbolAtLocation(member.name) ?? member.symbol)])));
    const events = eventsOf(checker, declaration);
    if (events) parts.push(table(['Event', ''], events));
  } else {
    parts.push(`\`\`\`ts\n${bare(declaration)}\n\`\`\``);
  }
  return parts;
}

/** The members one by one, those that a class inherits from a class that is not exported included; undefined when there are none to tell. */
function membersOf(checker, declaration) {
  if (!ts.isClassDeclaration(declaration) && !ts.isInterfaceDeclaration(declaration)) return undefined;
  const properties = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(declaration.symbol));
  const isEmitters = member => member.parent.name?.text === 'Emitter' && declaration.name.text !== 'Emitter';
  const isTold = member => !isEmitters(member) && !ts.isPrivateIdentifier(member.name) && !(ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private)
    && !member.getSourceFile().fileName.includes('/typescript/lib/');
  const constructors = declaration.members.filter(member => ts.isConstructorDeclaration(member) && member.parameters.length);
  const statics = declaration.members.filter(member => ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static);
  return [...constructors, ...statics, ...properties.map(({ declarations: [member] }) => member).filter(isTold)];
}

/** What `on` of a class tells: the members of its emitter's argument. */
function eventsOf(checker, declaration) {
  if (!ts.isClassDeclaration(declaration)) return undefined;
  for (let base = declaration, seen = new Map(); base; ) {
    const extended = base.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
    if (!extended) return undefined;
    const symbol = checker.getSymbolAtLocation(extended.expression);
    const target = symbol && (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol);
    if (target?.name === 'Emitter') {
      const written = extended.typeArguments[0];
      return checker.getPropertiesOfType(checker.getTypeFromTypeNode(written)).map(event => {
        const type = clean(event.declarations[0].type.getText());
        return [`\`${event.name}\` \`(${[...seen].reduce((text, [from, to]) => text.replace(new RegExp(`\\b${from}\\b`, 'g'), to), type.slice(1, -1))})\``, docOf(checker, event)];
      });
    }
    base = target?.declarations?.find(ts.isClassDeclaration);
    base?.typeParameters?.forEach(({ name }, i) => seen.set(name.text, extended.typeArguments[i].getText()));
  }
}

/** As it is written, without modifiers that say nothing to its reader; a getter reads as the property that it is. */
function signature(member) {
  const text = bare(member).replace(/^(?:(?:readonly|get|override|abstract|declare) )+/, '').replace(/;$/, '');
  return `\`${ts.isGetAccessor(member) ? text.replace('()', '') : text.replace(/^constructor/, `new ${member.parent.name.text}`)}\``;
}

/** The source text without its comments, on as few lines as it had members. */
function bare(node) {
  const printed = ts.createPrinter({ removeComments: true }).printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
  const text = printed.replace(/^export (?:declare )?|^declare /, '');
  return ts.isClassElement(node) || ts.isTypeElement(node) ? clean(text) : text;
}

const clean = text => text.replace(/\s+/g, ' ').trim();

function docOf(checker, symbol) {
  const tags = symbol.getJsDocTags().filter(({ name }) => name === 'throws').map(({ text }) => `Throws ${ts.displayPartsToString(text).replace(/^\{(\w+)\}/, '$1')}`);
  return [ts.displayPartsToString(symbol.getDocumentationComment(checker)), ...tags].filter(Boolean).join('\n')
    .replace(/\{@link (?:[\w.]*\.)?(\w+)\}/g, '`$1`').trim();
}

const table = ([what, how], rows) => [
  `| ${what} | ${how} |`, '|---|---|', ...rows.map(([name, text]) => `| ${cell(name)} | ${cell(text)} |`),
].join('\n');

const cell = text => text.replace(/\|/g, '\\|').replace(/\s*\n\s*/g, ' ');
