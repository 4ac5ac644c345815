// Reads an AsyncAPI document with AsyncAPI's own parser; prints what it has to say, as JSON. Usage: asyncapi.mjs FILE
import { readFile } from "node:fs/promises";
import parserPackage from "@asyncapi/parser";

const { Parser } = parserPackage;
const { document, diagnostics } = await new Parser().parse(await readFile(process.argv[2], "utf8"));
const severities = ["error", "warning", "information", "hint"];
console.log(
  JSON.stringify({
    channels: document?.channels().all().map((each) => each.id()) ?? [],
    operations: document?.operations().all().map((each) => each.id()) ?? [],
    messages: document?.allMessages().all().length ?? 0,
    diagnostics: diagnostics.map((each) => ({
      severity: severities[each.severity],
      code: String(each.code),
      message: each.message,
      path: each.path.join("/"),
    })),
  }),
);
