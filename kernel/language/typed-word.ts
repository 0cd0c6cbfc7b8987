/**
 * The word that is being typed says nothing of what may stand in its place. So its first letters serve for those that
 * follow, and TypeScript keeps its program: a new one for every key is most of what a completion takes.
 */
import ts from 'typescript';

export type TypedWord = ReturnType<typeof createTypedWord>;

export function createTypedWord() {
  let first: { before: string; word: string; after: string } | undefined;

  return {
    /** The word to ask with, in place of the one that stands between `before` and `after`. */
    standIn(before: string, word: string, after: string): string {
      const serves =
        first?.before === before && first.after === after && word.startsWith(first.word) && isName(word);
      if (!serves) first = { before, word, after };
      return first!.word;
    },

    /** Of what was asked with: whether the checker sees a name at `at`. A word of a text may be part of a path. */
    note(source: ts.SourceFile | undefined, at: number): void {
      if (!source || !ts.isIdentifier(nodeAt(source, at))) first = undefined;
    },
  };
}

const scanner = ts.createScanner(ts.ScriptTarget.ESNext, false);

/** `fo` is one, `for` is not. */
function isName(word: string): boolean {
  scanner.setText(word);
  return scanner.scan() === ts.SyntaxKind.Identifier;
}

/** The innermost node that begins at `at` or reaches over it. */
function nodeAt(source: ts.SourceFile, at: number): ts.Node {
  let found: ts.Node = source;
  const look = (node: ts.Node): void => {
    if (node.getStart(source) > at || node.end <= at) return;
    found = node;
    ts.forEachChild(node, look);
  };
  look(source);
  return found;
}
