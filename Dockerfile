# One image for every server: `docker run ordinal nginx`, `docker run ordinal ordinal-dns --help`.
FROM node:26-bookworm-slim AS packages
WORKDIR /opt/ordinal
COPY package.json package-lock.json .npmrc ./
COPY packages ./packages
# The base image brings Node and nothing here opens a terminal: no optional packages. Sources of tests and benches stay out.
RUN npm ci --omit=dev --omit=optional --no-audit --no-fund --workspace @ordinal/images --workspace @ordinal/nginx --workspace @ordinal/dns \
 && find packages -name '*.test.ts' -delete \
 && rm -rf packages/*/bench packages/*/src/testdata packages/*/src/*/testdata packages/simulator packages/kubernetes packages/ordinal

FROM node:26-bookworm-slim
COPY --from=packages /opt/ordinal /opt/ordinal
COPY scripts/launch.js /opt/ordinal/scripts/launch.js
ENV PATH=/opt/ordinal/node_modules/.bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ORDINAL_COMPILE_CACHE=/tmp/ordinal-compile-cache
RUN node /opt/ordinal/packages/images/src/container/install.ts nginx \
 && useradd --uid 1000 --user-group --create-home ordinal 2>/dev/null || true \
 && mkdir -p /usr/share/nginx/html /var/log/nginx /run \
 && chown -R 1000:1000 /usr/share/nginx/html /var/log/nginx /run
USER 1000:1000
ENTRYPOINT ["node", "/opt/ordinal/packages/images/src/container/enter.ts"]
CMD ["nginx"]
