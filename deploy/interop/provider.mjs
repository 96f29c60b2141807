// A real OpenID provider (oidc-provider) with people of the sample, as an organisation might run one.
// Run as `node provider.mjs PORT`; prints READY when it listens. Its own login pages ask for a name and take any password.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

const PEOPLE = {
  coord_9f8e7d6c: { groups: ['coordinator'], tenant: 'nhf' },
  'nhf-admin': { groups: 'org_admin', tenant: 'nhf' },
  root: { groups: ['staff', 'global_admin'] },
  nobody: { groups: ['staff'], tenant: 'nhf' },
};

const AUDIENCES = {
  'https://pauses.example/': { audience: 'orchestrator-service', accessTokenFormat: 'jwt' },
  'https://parcels.example/': { audience: 'parcel-service', accessTokenFormat: 'jwt' },
  'https://opaque.example/': { audience: 'orchestrator-service', accessTokenFormat: 'opaque' },
};

function signingKey(type, options, alg) {
  const { privateKey } = generateKeyPairSync(type, options);
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `${alg}-1` };
}

const provider = new Provider(issuer, {
  jwks: {
    keys: [
      signingKey('rsa', { modulusLength: 2048 }, 'RS256'),
      signingKey('ec', { namedCurve: 'P-256' }, 'ES256'),
    ],
  },
  clients: [
    {
      client_id: 'portal',
      client_secret: 'of-a-provider-that-lives-for-a-minute',
      redirect_uris: ['http://127.0.0.1:9/back'],
      grant_types: ['authorization_code', 'client_credentials'],
      response_types: ['code'],
    },
  ],
  cookies: { keys: ['of-a-provider-that-lives-for-a-minute'] },
  claims: { openid: ['sub'] },
  async findAccount(_context, id) {
    return id in PEOPLE ? { accountId: id, claims: async () => ({ sub: id }) } : undefined;
  },
  extraTokenClaims: (_context, token) => PEOPLE[token.accountId],
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      getResourceServerInfo: (_context, resource) => ({
        ...AUDIENCES[resource],
        scope: 'pauses',
        accessTokenTTL: 600,
        jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});

provider.listen(port, '127.0.0.1', () => console.log('READY'));
