// What the programs of this folder share: one JSON object comes in on standard input, one goes out.

/** The JSON object on standard input. */
export async function input() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8'));
}

/** Prints the answer as one line of JSON. */
export function output(answer) {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** The value parsed, or the text itself where it is not JSON. */
export function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
