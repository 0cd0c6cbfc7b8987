/** What something is: signature, documentation, and, in more detail, where and how it is defined. */
import { relative } from 'node:path';
import ts from 'typescript';
import { cellNumber, type Cells } from './cells.ts';
import type { InspectReply } from './replies.ts';

interface Found {
  signature: string;
  documentation: string;
  tags: readonly ts.JSDocTagInfo[];
  span?: ts.TextSpan;
}

const nothing: InspectReply = { status: 'ok', found: false, data: {}, metadata: {} };

/** `at` counts UTF-16 units of the cell. */
export function inspectAt(
  service: ts.LanguageService,
  cells: Cells,
  code: string,
  at: number,
  detail: number,
): InspectReply {
  const place = cells.ask(code).offset + at;
  // a cursor behind a name means that name; inside the brackets of a call, the function
  const found =
    quickInfo(service, cells, place) ??
    quickInfo(service, cells, place - 1) ??
    signatureHelp(service, cells, place) ??
    typeAlone(service, cells, code, at);
  if (!found) return nothing;
  const definition = detail > 0 && found.span ? definitionOf(service, cells, found.span.start) : undefined;
  return {
    status: 'ok',
    found: true,
    data: { 'text/plain': plain(found, definition), 'text/markdown': markdown(found, definition) },
    metadata: {},
  };
}

/** The name of a type, asked for by itself: as an expression it means nothing. */
function typeAlone(service: ts.LanguageService, cells: Cells, code: string, at: number): Found | undefined {
  const before = /[\p{L}\p{N}_$]*$/u.exec(code.slice(0, at))?.[0] ?? '';
  const name = before + (/^[\p{L}\p{N}_$]*/u.exec(code.slice(at))?.[0] ?? '');
  if (!cells.declarationOf(name)) return undefined;
  const asked = `type asked = ${name}`;
  return quickInfo(service, cells, cells.ask(asked).offset + asked.length - 1);
}

function quickInfo(service: ts.LanguageService, { current }: Cells, at: number): Found | undefined {
  if (at < 0) return undefined;
  const info = service.getQuickInfoAtPosition(current, originOf(service, current, at));
  // `any` alone is how the checker says that it does not know the name
  if (!info || ts.displayPartsToString(info.displayParts) === 'any') return undefined;
  return {
    signature: clean(ts.displayPartsToString(info.displayParts)),
    documentation: ts.displayPartsToString(info.documentation),
    tags: info.tags ?? [],
    span: info.textSpan,
  };
}

/** A name of another cell is an import to the checker, but not to the user. */
const clean = (signature: string): string =>
  signature.replace(/^\(alias\) /, '').replace(/\n(import|export) \S+$/, '');

/**
 * A variable of an earlier cell is declared again in front of the current one, by `declare let x: typeof import(…).x`:
 * the last `x` is where its own declaration, with its documentation, is found.
 */
function originOf(service: ts.LanguageService, current: string, at: number): number {
  const [definition] = service.getDefinitionAtPosition(current, at) ?? [];
  if (definition?.fileName !== current || !definition.contextSpan) return at;
  const { start, length } = definition.contextSpan;
  const text =
    service
      .getProgram()
      ?.getSourceFile(current)
      ?.text.slice(start, start + length) ?? '';
  return /^declare let \S+: typeof import\("[^"]*"\)\.\S+;$/.test(text) ? start + length - 2 : at;
}

function signatureHelp(service: ts.LanguageService, { current }: Cells, at: number): Found | undefined {
  const help = service.getSignatureHelpItems(current, at, {});
  const item = help?.items[help.selectedItemIndex];
  if (!item) return undefined;
  const text = ts.displayPartsToString;
  const active = item.parameters[help.argumentIndex];
  const argument = active && `argument ${help.argumentIndex + 1}: ${text(active.displayParts)}`;
  const parameters = item.parameters
    .map(({ displayParts }) => text(displayParts))
    .join(text(item.separatorDisplayParts));
  return {
    signature: text(item.prefixDisplayParts) + parameters + text(item.suffixDisplayParts),
    documentation: [text(item.documentation), argument].filter(Boolean).join('\n\n'),
    tags: item.tags,
    span: help?.applicableSpan,
  };
}

interface Definition {
  place: string;
  text: string;
}

const maxLines = 40;

function definitionOf(service: ts.LanguageService, cells: Cells, at: number): Definition | undefined {
  const origin = originOf(service, cells.current, at);
  const [definition] = service.getDefinitionAtPosition(cells.current, origin) ?? [];
  const source = definition && service.getProgram()?.getSourceFile(definition.fileName);
  if (!definition || !source) return undefined;
  const { start, length } = definition.contextSpan ?? definition.textSpan;
  const lines = source.text.slice(start, start + length).split('\n');
  const cell = cellNumber(definition.fileName);
  const line = source.getLineAndCharacterOfPosition(start).line + 1;
  const place = cell
    ? `cell ${cell}, line ${line - 1}`
    : cells.files.has(definition.fileName)
      ? 'this cell'
      : `${relative(process.cwd(), definition.fileName)}, line ${line}`;
  return { place, text: [...lines.slice(0, maxLines), ...(lines.length > maxLines ? ['…'] : [])].join('\n') };
}

function plain({ signature, documentation, tags }: Found, definition: Definition | undefined): string {
  const parts = [signature, documentation, tags.map(tagText).join('\n')];
  if (definition) parts.push(`defined in ${definition.place}:\n${definition.text}`);
  return parts.filter(Boolean).join('\n\n');
}

const tagText = ({ name, text }: ts.JSDocTagInfo): string =>
  `@${name} ${ts.displayPartsToString(text)}`.trimEnd();

function markdown({ signature, documentation, tags }: Found, definition: Definition | undefined): string {
  const parts = [fence(signature), documentation, tags.map(tagMarkdown).join('\n\n')];
  if (definition) parts.push(`Defined in ${definition.place}:\n\n${fence(definition.text)}`);
  return parts.filter(Boolean).join('\n\n');
}

const fence = (code: string): string => `\`\`\`typescript\n${code}\n\`\`\``;

function tagMarkdown(tag: ts.JSDocTagInfo): string {
  const text = ts.displayPartsToString(tag.text);
  if (tag.name === 'example') return `**example**\n\n${text.includes('```') ? text : fence(text)}`;
  const parameter = tag.text?.find(({ kind }) => kind === 'parameterName')?.text;
  if (!parameter) return `**${tag.name}** ${text}`.trimEnd();
  return `**${parameter}** ${text.slice(parameter.length).replace(/^\s*[-–—]?\s*/, '— ')}`;
}
