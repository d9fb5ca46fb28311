// Mercurius with its JIT, loaders for what hangs on companies, and node-postgres.
import Fastify from 'fastify';
import mercurius from 'mercurius';
import pg from 'pg';

const { BENCH_PORT, BENCH_TABLES, BENCH_CALLERS } = process.env;

// Dates as they come: node-postgres would make JavaScript dates of them.
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);
const pool = new pg.Pool({ max: 16, options: `-c search_path=${BENCH_TABLES}` });

// Token to caller: what a verified token's cache would say.
const callers = new Map(
  Object.entries(JSON.parse(BENCH_CALLERS)).map(([token, { role, units }]) => [
    `Bearer ${token}`,
    { seesFinancials: role !== 'analyst', units: units.length > 0 ? units : null },
  ]),
);

const schema = `
  type Query {
    company(id: ID!): Company
    companies(first: Int!, offset: Int, status: String, byName: Boolean): [Company!]!
  }
  type Mutation {
    companyUpdate(id: ID!, version: Int!, sector: String!): Company
  }
  type Company {
    id: ID!
    name: String!
    legalName: String
    status: String!
    sector: String
    foundedYear: Int
    taxId: String
    creditLimit: String
    version: Int!
    contacts(first: Int!): [Contact!]!
    onboardingCases(first: Int!): [OnboardingCase!]!
  }
  type Contact {
    id: ID!
    fullName: String!
    jobTitle: String
    email: String
  }
  type OnboardingCase {
    id: ID!
    title: String!
    state: String!
    dueOn: String
  }
`;

const company = `id, name, legal_name AS "legalName", status, sector, founded_year AS "foundedYear",
  tax_id AS "taxId", credit_limit AS "creditLimit", version`;

// A named statement is prepared once on each connection.
const rows = async (name, text, values) => (await pool.query({ name, text, values })).rows;

function companies({ first, offset = 0, status, byName }, { caller }) {
  const values = [first, offset];
  const conditions = [];
  if (status !== undefined) conditions.push(`status = $${values.push(status)}`);
  if (caller.units !== null) conditions.push(`org_unit_id = ANY ($${values.push(caller.units)})`);
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
  const order = byName ? 'name, id' : 'id';
  const text = `SELECT ${company} FROM company ${where} ORDER BY ${order} LIMIT $1 OFFSET $2`;
  return rows(`companies ${where} ${order}`, text, values);
}

const resolvers = {
  Query: {
    companies: (_, input, context) => companies(input, context),
    async company(_, { id }, { caller }) {
      const found = await rows(
        'company',
        `SELECT ${company} FROM company WHERE id = $1 AND ($2::uuid[] IS NULL OR org_unit_id = ANY ($2))`,
        [id, caller.units],
      );
      return found[0];
    },
  },
  Mutation: {
    async companyUpdate(_, { id, version, sector }) {
      const changed = await rows(
        'companyUpdate',
        `UPDATE company SET sector = $3, version = version + 1, updated_at = now()
          WHERE id = $1 AND version = $2 RETURNING ${company}`,
        [id, version, sector],
      );
      return changed[0];
    },
  },
  Company: {
    taxId: (row, _, { caller }) => (caller.seesFinancials ? row.taxId : null),
    creditLimit: (row, _, { caller }) => (caller.seesFinancials ? row.creditLimit : null),
  },
};

async function grouped(name, text, queries) {
  const found = Map.groupBy(await rows(name, text, [queries.map(({ obj }) => obj.id)]), (row) => row.companyId);
  return queries.map(({ obj, params }) => (found.get(obj.id) ?? []).slice(0, params.first));
}

const loaders = {
  Company: {
    contacts: (queries) =>
      grouped(
        'contacts',
        `SELECT id, company_id AS "companyId", full_name AS "fullName", job_title AS "jobTitle", email
          FROM contact WHERE company_id = ANY ($1) ORDER BY company_id, id`,
        queries,
      ),
    onboardingCases: (queries) =>
      grouped(
        'onboardingCases',
        `SELECT id, company_id AS "companyId", title, state, due_on AS "dueOn"
          FROM onboarding_case WHERE company_id = ANY ($1) ORDER BY company_id, id`,
        queries,
      ),
  },
};

const app = Fastify();
app.register(mercurius, {
  schema,
  resolvers,
  loaders,
  jit: 1,
  graphiql: false,
  context(request) {
    const caller = callers.get(request.headers.authorization);
    if (caller === undefined) throw new Error('unknown token');
    return { caller };
  },
});
await app.listen({ port: Number(BENCH_PORT), host: '127.0.0.1' });
