# The production image: `docker build -t fieldgate .`, then `docker run -e FIELDGATE_... fieldgate` (docs/operations.md).

FROM node:24-slim AS graphiql
WORKDIR /graphiql
COPY graphiql/package.json graphiql/package-lock.json graphiql/.npmrc ./
RUN npm ci --ignore-scripts
COPY graphiql/index.html graphiql/vite.config.js ./
COPY graphiql/source ./source
RUN npm run build

FROM python:3.13-slim AS requirements
COPY requirements/runtime.txt /runtime.txt
# Wheels alone: nothing is compiled, and no package's own build script runs.
RUN python -m venv /environment && \
    /environment/bin/pip install --no-cache-dir --require-hashes --only-binary :all: --requirement /runtime.txt

# Not slim: it has a compiler.
FROM python:3.13 AS printing
WORKDIR /fieldgate
COPY development/compile_printing.py ./development/
COPY engine/printing*.c engine/printing*.h ./engine/
RUN python development/compile_printing.py

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home fieldgate
COPY --from=requirements /environment /environment
WORKDIR /fieldgate
COPY auth ./auth
COPY cli ./cli
COPY engine ./engine
COPY migrations ./migrations
COPY models ./models
COPY resolvers ./resolvers
COPY schema ./schema
COPY server ./server
COPY tenancy ./tenancy
COPY cache.py errors.py settings.py pyproject.toml LICENSE ./
COPY --from=graphiql /graphiql/dist ./graphiql/dist
# Fails where nothing was compiled.
COPY --from=printing /fieldgate/engine/printing*.so ./engine/
# Python's first start compiles what it imports; done here, since the user below may write nothing.
RUN python -m compileall -q .
ENV PATH=/environment/bin:$PATH \
    PYTHONPATH=/fieldgate \
    PYTHONUNBUFFERED=1 \
    FIELDGATE_ENVIRONMENT=production \
    FIELDGATE_LISTEN=0.0.0.0:8000
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/livez', timeout=4)"]
ENTRYPOINT ["python", "-m", "cli"]
CMD ["serve"]
