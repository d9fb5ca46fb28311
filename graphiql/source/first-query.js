export const FIRST_QUERY = `# Companies of this tenant that you may see.
# A field that you may not read is null,
# with one error that says so.
# Ctrl-Space completes, Ctrl-Enter runs.

query FirstCompanies {
  companies(first: 5) {
    nodes {
      name
      taxId
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;
