// SPDX-License-Identifier: Apache-2.0
// Customers' programs: webhooks, and API keys for those who may see them.
import { call } from '../shared/api';
import { ApiKeys } from '../shared/apikeys';
import { ts } from '../shared/dict/service';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, query } from '../shared/router';
import { Pick } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Webhooks } from '../shared/webhooks';
import { role } from './case';

export function Programs() {
	const d = ts().pg, tenant = asked('tenant'), tenants = useLoad(() => call('tenant.list'), [], ['tenant']), who = role();
	title.value = t().nav.programs;
	useKeys(() => [{ keys: 'n', label: () => ts().pg.add, run: () => document.getElementById('add-hook')?.click(), bar: true, when: () => !!document.getElementById('add-hook') }], []);
	return (
		<div class="lst">
			<div class="qh"><span class="t12 s">{d.leadStaff}</span><span class="sp" /><Pick label={t().queue.tenant} value={tenant} options={[['', t().queue.allTenants], ...(tenants.data?.items ?? []).map((x) => [x.id, tx(x.name)] as const)]} set={(v) => query({ tenant: v })} /></div>
			<div class="facts one" tabIndex={0} role="group" aria-label={t().nav.programs}>
				<Webhooks key={`h${tenant}`} tenant={tenant} may={['engineer', 'admin'].includes(who)} name={!tenant} />
				{['admin', 'auditor'].includes(who) && <ApiKeys key={`k${tenant}`} tenant={tenant} may={who === 'admin'} name={!tenant} />}
			</div>
		</div>
	);
}
