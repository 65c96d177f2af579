// Google's Node clients at a local cloud: argv is host:port of gRPC, the parent of services, the image.
import * as grpc from '@grpc/grpc-js';
import cloudbuild from '@google-cloud/cloudbuild';
import run from '@google-cloud/run';

const [address, parent, image] = process.argv.slice(2);
const [apiEndpoint, port] = address.split(':');
const options = {apiEndpoint, port: Number(port), sslCreds: grpc.credentials.createInsecure()};
const services = new run.v2.ServicesClient(options);
const revisions = new run.v2.RevisionsClient(options);
const builds = new cloudbuild.v1.CloudBuildClient(options);
const told = {};

const template = behaviour => ({containers: [{image, env: [{name: 'BEHAVIOUR', value: behaviour}]}]});
const code = work => work.then(() => 0, error => error.code);

const [made] = await services.createService({parent, serviceId: 'noded', service: {template: template('serve')}});
const [service] = await made.promise();
told.uri = service.uri;
const changed = {service: {name: service.name, labels: {team: 'x'}}, updateMask: {paths: ['labels']}};
const [update] = await services.updateService(changed);
told.labels = (await update.promise())[0].labels;
told.listed = (await services.listServices({parent}))[0].map(each => each.name.split('/').pop());
told.revisions = (await revisions.listRevisions({parent: service.name}))[0].length;
told.missing = await code(services.getService({name: `${parent}/services/nobody`}));
const broken = {parent, serviceId: 'node-broken', service: {template: template('crash')}};
told.crash = await code(services.createService(broken).then(([begun]) => begun.promise()));
const step = {name: 'gcr.io/cloud-builders/docker', entrypoint: 'bash', args: ['-c', 'exit 3']};
const build = {steps: [step], options: {logging: 'CLOUD_LOGGING_ONLY'}};
told.build = await code(builds.createBuild({projectId: 'by-node', build}).then(([begun]) => begun.promise()));
for (const name of ['noded', 'node-broken']) {
  const [gone] = await services.deleteService({name: `${parent}/services/${name}`});
  await gone.promise();
}
told.gone = await code(services.getService({name: service.name}));
console.log(JSON.stringify(told));
