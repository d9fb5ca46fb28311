// PostGraphile 5 as its documentation sets it up: the Amber preset, a role and settings for each request.
import { createServer } from 'node:http';
import pg from 'pg';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';

const { BENCH_PORT, BENCH_VIEWS, BENCH_CALLERS } = process.env;

// Token to settings: what a verified token's cache would say.
const callers = new Map(
  Object.entries(JSON.parse(BENCH_CALLERS)).map(([token, caller]) => [
    `Bearer ${token}`,
    { role: caller.role, ...(caller.units.length > 0 && { 'bench.units': `{${caller.units}}` }) },
  ]),
);

const preset = {
  extends: [PostGraphileAmberPreset],
  // Views have no indexes to see; those of the tables behind them serve.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ pool: new pg.Pool({ max: 16 }), schemas: [BENCH_VIEWS] })],
  grafast: {
    explain: false,
    context(requestContext) {
      const pgSettings = callers.get(requestContext.node.req.headers.authorization);
      if (pgSettings === undefined) throw new Error('unknown token');
      return { pgSettings };
    },
  },
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
};

const server = createServer();
const instance = postgraphile(preset);
await instance.createServ(grafserv).addTo(server);
await instance.getSchema();
server.listen(Number(BENCH_PORT), '127.0.0.1');
