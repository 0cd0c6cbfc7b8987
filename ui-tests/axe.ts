/** What axe finds wrong for people who use a keyboard, a screen reader or strong contrasts. */
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';

/** Each violation as `rule: the element's markup`, within the elements that match. */
export async function violations(page: Page, selector: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).include(selector).analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
