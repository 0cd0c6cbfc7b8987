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

/** `at` is a place in the current virtual file. */
export function inspectAt(
  service: ts.LanguageService,
  cells: Cells,
  at: number,
  detail: number,
): InspectReply {
  // a cursor behind a name means that name; inside the brackets of a call, the function
  const found =
    quickInfo(service, cells, at) ?? quickInfo(service, cells, at - 1) ?? signatureHelp(service, cells, at);
  if (!found) return nothing;
  const definition = detail > 0 && found.span ? definitionOf(service, cells, found.span.start) : undefined;
  return {
    status: 'ok',
    found: true,
    data: { 'text/plain': plain(found, definition), 'text/markdown': markdown(found, definition) },
    metadata: {},
  };
}

function quickInfo(service: ts.LanguageService, { current }: Cells, at: number): Found | undefined {
  if (at < 0) return undefined;
  const info = service.getQuickInfoAtPosition(current, at);
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
  signature.replace(/^\(alias\) /, '').replace(/\nimport [\w$]+$/, '');

function signatureHelp(service: ts.LanguageService, { current }: Cells, at: number): Found | undefined {
  const help = service.getSignatureHelpItems(current, at, {});
  const item = help?.items[help.selectedItemIndex];
  if (!item) return undefined;
  const text = ts.displayPartsToString;
  const parameters = item.parameters
    .map(({ displayParts }) => text(displayParts))
    .join(text(item.separatorDisplayParts));
  return {
    signature: text(item.prefixDisplayParts) + parameters + text(item.suffixDisplayParts),
    documentation: text(item.documentation),
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
  const [definition] = service.getDefinitionAtPosition(cells.current, at) ?? [];
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
