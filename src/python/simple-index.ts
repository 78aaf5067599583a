// One file from a package index by its name (PEP 503, PEP 691): how uv comes to a host that has no Python.
import type { Context } from '../core/context.ts';
import { ImageSpecError } from '../core/error.ts';
import { redactUrl } from '../core/redact.ts';
import { answerError } from '../registry/answer.ts';
import type { Http } from '../registry/http.ts';
import { filenameOfUrl } from './tags.ts';
import { takeCredentials } from '../registry/url-credentials.ts';

const ACCEPT = 'application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01';
/** The pages of projects with thousands of files have some megabytes. */
const PAGE_LIMIT_BYTES = 64 << 20;

export interface IndexFile {
  readonly url: string;
  /** To be sent along: the index's credentials, if its files lie on the same host. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Where the index has a file of a project. Throws `NOT_FOUND`, and what http throws.
 * @param index may hold credentials
 * @param project normalised name
 */
export async function findInIndex(
  ctx: Context,
  http: Http,
  index: string,
  project: string,
  filename: string,
): Promise<IndexFile> {
  const page = new URL(`${index.replace(/\/*$/, '')}/${project}/`);
  const authorization = takeCredentials(page);
  const headers = { accept: ACCEPT, ...authorization };
  const answer = await http.request(ctx, { method: 'GET', url: page, headers, answerLimitBytes: PAGE_LIMIT_BYTES });
  if (answer.status >= 400) throw answerError(answer, `read the index page ${redactUrl(page)}`);
  const hrefs = hrefsOf(new TextDecoder().decode(answer.bytes));
  const urls = hrefs.flatMap((href) => URL.parse(href, answer.url.href) ?? []);
  const url = urls.find((one) => filenameOfUrl(one.href) === filename);
  if (url) return { url: url.href, headers: url.host === page.host ? authorization : {} };
  throw new ImageSpecError('NOT_FOUND', `The index ${redactUrl(page)} has no ${filename}`);
}

/** All file URLs of a page, in JSON or HTML. What they lead to is verified, so the HTML need not be understood in full. */
function hrefsOf(page: string): string[] {
  const found = page.matchAll(
    page.trimStart().startsWith('{') ? /"url"\s*:\s*("[^"]*")/g : /\bhref\s*=\s*("[^"]*"|'[^']*')/gi,
  );
  return [...found].map(([, quoted = '']) => quoted.slice(1, -1).replaceAll('\\/', '/').replaceAll('&amp;', '&'));
}
