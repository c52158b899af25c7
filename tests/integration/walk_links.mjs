// Follows every link from an entry point with ketting, a HAL client, and prints where each led:
//   node walk_links.mjs <path of node_modules> <entry point> <bearer token>
// A templated link is followed where all that it leaves open are options of the query.
import { createRequire } from 'node:module';

const [modules, entry, token] = process.argv.slice(2);
const { Client, bearerAuth } = createRequire(modules + '/')('ketting');

const client = new Client(entry);
client.use(bearerAuth(token));

const waiting = [new URL(entry).href];
const led = {};
while (waiting.length > 0) {
  const target = waiting.pop();
  if (target in led) continue;
  let state;
  try {
    state = await client.go(target).get();
  } catch (problem) {
    if (!problem.response) throw problem;
    led[target] = { status: problem.response.status, allow: problem.response.headers.get('allow') };
    continue;
  }
  led[target] = { status: 200 };
  const states = [state, ...state.getEmbedded()];
  for (const link of states.flatMap((one) => one.links.getAll())) {
    const href = link.templated ? link.href.replace(/\{\?[^}]*\}/g, '') : link.href;
    if (!href.includes('{')) waiting.push(new URL(href, target).href);
  }
}
console.log(JSON.stringify(led));
