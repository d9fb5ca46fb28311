-- What PostGraphile serves: views in front of the tables, as its documentation advises for hiding columns by role.
-- {tables} is the tenant's schema, {views} the schema of the views, {owner}, {analyst} and {regional} are the roles.
-- A role that may see everything pays for none of the conditions below but a comparison of its own name.

CREATE ROLE {owner} NOLOGIN;
CREATE ROLE {analyst} NOLOGIN;
CREATE ROLE {regional} NOLOGIN;
CREATE SCHEMA {views};

CREATE VIEW {views}.company AS
SELECT id, name, legal_name, status, sector, founded_year,
    CASE WHEN current_user <> '{analyst}' THEN tax_id END AS tax_id,
    CASE WHEN current_user <> '{analyst}' THEN credit_limit END AS credit_limit,
    org_unit_id, version
FROM {tables}.company
WHERE current_user <> '{regional}'
    OR org_unit_id = ANY (nullif(current_setting('bench.units', true), '')::uuid[]);

CREATE VIEW {views}.contact AS
SELECT id, company_id, full_name, job_title, email
FROM {tables}.contact
WHERE current_user <> '{regional}'
    OR EXISTS (SELECT FROM {views}.company WHERE company.id = contact.company_id);

CREATE VIEW {views}.onboarding_case AS
SELECT id, company_id, title, state, due_on
FROM {tables}.onboarding_case
WHERE current_user <> '{regional}'
    OR EXISTS (SELECT FROM {views}.company WHERE company.id = onboarding_case.company_id);

COMMENT ON VIEW {views}.company IS E'@primaryKey id';
COMMENT ON VIEW {views}.contact IS E'@primaryKey id\n@foreignKey (company_id) references company (id)';
COMMENT ON VIEW {views}.onboarding_case IS E'@primaryKey id\n@foreignKey (company_id) references company (id)';

-- A change that another one has overtaken changes nothing and answers null.
CREATE FUNCTION {views}.change_company(id uuid, version int, sector text) RETURNS {views}.company
LANGUAGE sql VOLATILE AS $$
    UPDATE {views}.company SET sector = $3, version = company.version + 1
    WHERE company.id = $1 AND company.version = $2
    RETURNING *
$$;

GRANT USAGE ON SCHEMA {views} TO {owner}, {analyst}, {regional};
GRANT SELECT, UPDATE ON {views}.company TO {owner}, {analyst}, {regional};
GRANT SELECT ON {views}.contact, {views}.onboarding_case TO {owner}, {analyst}, {regional};
