// What the frontend asks for. The manifest is written of it, as a build would.
import { gql } from "@apollo/client";

export const NAMES = gql`
  query Names($first: Int!) {
    companies(first: $first) {
      nodes {
        ...Named
      }
    }
  }

  fragment Named on Company {
    id
    name
  }
`;
