// A real OpenID provider (oidc-provider) with people of the sample, as an organisation might run one.
// Run as `node provider.mjs PORT`; prints READY when it listens. Its own login pages ask for a name and take any password.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;

const PEOPLE = {
  coord_9f8e7d6c: { realm_access: { roles: ['Likepersonleder Ålesund', 'Koordinator'] }, tenant: 'nhf' },
  'nhf-admin': { realm_access: { roles: 'Administrator' }, tenant: 'nhf' },
  root: { realm_access: { roles: ['offline_access', 'Drift'] } },
  nobody: { realm_access: { roles: ['Likepersonleder Ålesund'] }, tenant: 'nhf' },
};

const AUDIENCES = {
  'https://pauses.example/': { audience: 'orchestrator-service', accessTokenFormat: 'jwt' },
  'https://pauses-ps256.example/': { audience: 'orchestrator-service', accessTokenFormat: 'jwt', alg: 'PS256' },
  'https://pauses-es384.example/': { audience: 'orchestrator-service', accessTokenFormat: 'jwt', alg: 'ES384' },
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
      signingKey('rsa', { modulusLength: 2048 }, 'PS256'),
      signingKey('ec', { namedCurve: 'P-384' }, 'ES384'),
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
        accessTokenTTL: 75 * 60,
        jwt: { sign: { alg: AUDIENCES[resource].alg ?? 'ES256' } },
      }),
    },
  },
});

provider.listen(port, '127.0.0.1', () => console.log('READY'));
