// Commands about finished images: what one is made of, and whether every byte of it is right.
import { inspectImage, validateImage } from '../build/look.ts';
import { printInspection, printSize } from './print.ts';
import type { CommonOptions, Session } from './session.ts';

export async function runInspect(image: string, flags: CommonOptions, session: Session): Promise<void> {
  const { environment, signal, on, result } = session;
  const inspection = await inspectImage(image, environment, { signal, on });
  result(flags.json ? `${JSON.stringify(inspection)}\n` : printInspection(inspection));
}

export async function runValidate(image: string, flags: CommonOptions, session: Session): Promise<void> {
  const { environment, signal, on, result } = session;
  const report = await validateImage(image, environment, { signal, on });
  const { reference, images, layers, bytes, paths } = report;
  const text = `${reference} is valid: ${images} image(s), ${layers} layers, ${printSize(bytes)}, ${paths} paths\n`;
  result(flags.json ? `${JSON.stringify({ valid: true, ...report })}\n` : text);
}
