// SPDX-License-Identifier: Apache-2.0
// How much of the time the service was there for us, what was left out and why, maintenance that is announced, weekly test calls.
import { AppointmentList, ExclusionTable, MaintenanceTable, type Exclusion } from '../shared/agreed';
import { call, session } from '../shared/api';
import { AvailabilityMonth } from '../shared/availability';
import { ts } from '../shared/dict/service';
import { t, title } from '../shared/i18n';
import { Link } from '../shared/router';
import { Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const link = (x: string) => <Link to={x.startsWith('Q-') ? `/portal/inquiries/${x}` : `/portal/incidents/${x}`}>{x}</Link>;
const object = (x: Exclusion) => x.state === 'active' ? <Link class="btn sm" to={`/portal/inquiries/new?exclusion=${x.id}`}>{ts().ex.object}</Link> : null;

export function Service() {
	const d = ts(), tenant = session.value?.user?.tenant ?? '';
	const maintenance = useLoad(() => call('maintenance.list'), [], ['maintenance']), left = useLoad(() => call('exclusion.list'), [], ['exclusion', 'inquiry']), calls = useLoad(() => call('appointment.list'), [], ['appointment']);
	title.value = t().nav.service;
	return (
		<>
			<div class="hd"><h1 class="big">{t().nav.service}</h1></div>
			<p class="s lead">{d.lead}</p>
			<div class="stack">
				<AvailabilityMonth tenant={tenant} />
				<section class="card"><h2>{d.tabs.maintenance}</h2><Show of={maintenance} rows={2}>{(v) => <MaintenanceTable items={v.items} />}</Show></section>
				<section class="card"><div class="sec"><h2>{d.tabs.exclusions}</h2></div><p class="s">{d.ex.lead}</p><Show of={left} rows={2}>{(v) => <ExclusionTable items={v.items} link={link} acts={object} />}</Show></section>
				<section class="card"><div class="sec"><h2>{d.tabs.calls}</h2></div><p class="s">{d.tc.lead}</p><Show of={calls} rows={2}>{(v) => <AppointmentList items={v.items.filter((a) => !a.ended_at || (a.calls ?? []).length > 0)} />}</Show></section>
			</div>
		</>
	);
}
