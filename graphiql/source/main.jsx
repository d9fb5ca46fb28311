import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "./page.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { FIRST_QUERY } from "./first-query.js";
import { fetchSignedIn } from "./session.js";
import { SignedIn } from "./signed-in.jsx";

const fetcher = createGraphiQLFetcher({ url: "/graphql", fetch: fetchSignedIn });

createRoot(document.getElementById("page")).render(
  <StrictMode>
    <SignedIn />
    <main>
      <GraphiQL fetcher={fetcher} defaultQuery={FIRST_QUERY} shouldPersistHeaders={false}>
        <GraphiQL.Logo> </GraphiQL.Logo>
      </GraphiQL>
    </main>
  </StrictMode>,
);
