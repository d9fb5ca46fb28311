export const FIRST_QUERY = `# Ask for fields; you get exactly those that your role may read.
# A field that you may not read comes back as null, with one error that says so.
# Ctrl-Space completes, Ctrl-Enter runs, the book on the left shows what is there for you.

query FirstCompanies {
  companies(first: 5) {
    edges {
      node {
        name
        taxId
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
`;
