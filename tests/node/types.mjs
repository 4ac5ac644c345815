// Makes the types of contracts/typescript from the AsyncAPI document. Usage: types.mjs ASYNCAPI OUTPUT
import { readFile, writeFile } from "node:fs/promises";
import { compile } from "json-schema-to-typescript";

const [source, target] = process.argv.slice(2);
const asyncapi = JSON.parse(await readFile(source, "utf8"));
const CHANNELS = ["inbox", "receipt", "feed"];

const nameOf = (reference) => reference.split("/").at(-1);
const messagesOf = (channel) =>
  Object.values(asyncapi.channels[channel].messages).map((each) => asyncapi.components.messages[nameOf(each.$ref)]);
const payloadsOf = (channel) => messagesOf(channel).map((each) => nameOf(each.payload.$ref));

function reachable(names) {
  const found = new Set();
  const todo = [...names];
  while (todo.length) {
    const name = todo.pop();
    if (found.has(name)) continue;
    found.add(name);
    for (const [, each] of JSON.stringify(asyncapi.components.schemas[name]).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      todo.push(each);
  }
  return [...found].sort();
}

// A title on a field would become a type of its own; the names of the models are the titles that count.
function untitled(node) {
  if (Array.isArray(node)) return node.map(untitled);
  if (node === null || typeof node !== "object") return node;
  const made = {};
  for (const [key, value] of Object.entries(node)) {
    if (key === "title" && typeof value === "string") continue;
    if (key === "$ref") made[key] = value.replace("#/components/schemas/", "#/definitions/");
    // The default of what is left out is told by the page; a type says only whether it may be.
    else if (key !== "default") made[key] = untitled(value);
  }
  // A reference that a description stands beside would become a type of its own.
  if (made.allOf?.length === 1) return { tsType: nameOf(made.allOf[0].$ref), description: made.description };
  return made;
}

const names = reachable(CHANNELS.flatMap(payloadsOf));
const definitions = Object.fromEntries(
  names.map((name) => [name, { ...untitled(asyncapi.components.schemas[name]), title: name }]),
);
const root = { title: "Everything", definitions, anyOf: names.map((name) => ({ $ref: `#/definitions/${name}` })) };
const types = await compile(root, "Everything", {
  additionalProperties: false,
  bannerComment: "",
  format: true,
  ignoreMinAndMaxItems: true,
  style: { printWidth: 120 },
});

const everything = /export type Everything =[^;]*;\n/;
if (!everything.test(types)) throw new Error("the generator wrote no union of everything");
const union = (name, channel) =>
  `export type ${name} =\n${payloadsOf(channel).map((each) => `  | ${each}`).join("\n")};\n`;
await writeFile(
  target,
  [
    "/* Made from contracts/asyncapi.json by `make fix`; change the models, not this file. */\n",
    types.replace(everything, "").trimStart(),
    "/** What a publisher sends, in its envelope. */",
    union("SubmissionEvent", "inbox"),
    "/** What a subscriber hears. Told apart by `type`. */",
    union("FeedEvent", "feed"),
    "/** The event of the feed with this wire type. */",
    'export type FeedEventOf<T extends FeedEvent["type"]> = Extract<FeedEvent, { type: T }>;\n',
  ].join("\n"),
);
