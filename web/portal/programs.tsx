// SPDX-License-Identifier: Apache-2.0
// Our programs at the SOC: webhooks and API keys.
import { session } from '../shared/api';
import { ApiKeys } from '../shared/apikeys';
import { ts } from '../shared/dict/service';
import { t, title } from '../shared/i18n';
import { Webhooks } from '../shared/webhooks';

export function Programs() {
	const tenant = session.value?.user?.tenant ?? '';
	title.value = t().nav.programs;
	return (
		<>
			<div class="hd"><h1 class="big">{t().nav.programs}</h1></div>
			<p class="s lead">{ts().pg.lead}</p>
			<div class="stack"><Webhooks tenant={tenant} may /><ApiKeys tenant={tenant} may /></div>
		</>
	);
}
