// SPDX-License-Identifier: Apache-2.0
// The words of accounts and where people are signed in: they come with that screen.
import { lang } from '../i18n';

const en = {
	title: 'People', name: 'Name', login: 'Login', role: 'Role', tenant: 'Tenant', factor: 'Second factor', yes: 'yes', no: 'none yet', disabled: 'switched off', sessions: 'Signed in', none: 'Nowhere signed in.',
	since: 'Since', seen: 'Last use', where: 'Address and browser', end: 'End', endAll: 'End all', ended: 'Ended.', current: 'this one', roles: { analyst: 'Analyst', lead: 'Lead', engineer: 'Engineer', admin: 'Administrator', auditor: 'Auditor', customer: 'Customer' } as Record<string, string>,
};
const ja: typeof en = {
	title: '利用者', name: '名前', login: 'ログイン名', role: '役割', tenant: 'テナント', factor: '二要素目', yes: 'あり', no: 'まだなし', disabled: '無効', sessions: 'サインイン中', none: 'サインインしていません。',
	since: '開始', seen: '最後の使用', where: 'アドレスとブラウザー', end: '終了', endAll: 'すべて終了', ended: '終了しました。', current: 'この画面', roles: { analyst: 'アナリスト', lead: 'リード', engineer: '技術担当', admin: '管理者', auditor: '監査人', customer: 'お客様' },
};

export const tp = () => (lang.value === 'ja' ? ja : en);
