// The vendor's own package behind a pipe: a JSON question a line on stdin, a JSON answer a line on stdout.
// {"decode": [hex, model]} · {"encode": [model, command, params]} · {"commands": model}
// Answers {"value": …}, or {"refused": text} where the package throws.

const readline = require('node:readline')
const helper = require('mclimate-payload-helper')

const SCHEMAS = {
	vicki: 'VickiCommandSchemas',
	relay_16: 'Relay16CommandSchemas',
	relay_16_dry: 'Relay16DryCommandSchemas',
	fan_coil_thermostat: 'FanCoilThermostatCommandSchemas',
	t_valve: 'TValveCommandSchemas',
	aqi_sensor: 'AQICommandSchemas',
	t_flood: 'TFloodCommandSchemas',
	thermostat: 'TringThermostatCommandSchemas',
	wireless_thermostat: 'WirelessThermostatCommandSchemas',
	co2_sensor: 'CO2SensorCommandSchemas',
	co2_display: 'CO2DisplayCommandSchemas',
	co2_display_lite: 'CO2DisplayLiteCommandSchemas',
	dsk_device: 'DSKDeviceCommandSchemas',
	open_close_sensor: 'OpenCloseSensorCommandSchemas',
	mc_button: 'ButtonCommandSchemas',
	ht_sensor: 'HTSensorCommandSchemas',
	ht_display_lite: 'DisplayCommandSchemas',
	ht_mini: 'HTMiniCommandSchemas',
	ht_pir_lite: 'HTPirLiteCommandSchemas',
	co2_pir_lite: 'Co2PirLiteCommandSchemas',
	melissa_lorawan: 'MelissaCommandSchemas',
	multisensor: 'MultiSensorCommandSchemas',
	pir_mini: 'PirMiniCommandSchemas',
}

// The AQI sensor's only command is a class of its own, which the builder cannot reach.
const AQI_LED = 'setAqiLed'

// Schemas that go by another name than the builder they belong to.
const RENAMED = {
	setKeepAlive: { t_valve: 'setKeepAliveTValve' },
	setJoinRetryPeriod: { t_valve: 'setJoinRetryPeriodTValve' },
	setUplinkType: { t_valve: 'setUplinkTypeTValve' },
	setWatchDogParams: { t_valve: 'setWatchDogTValveParams' },
	sendCustomHexCommand: undefined,
}

function builders(model) {
	const names = new Set()
	if (model === 'aqi_sensor') return [AQI_LED]
	let group = new helper.CommandBuilder(model).commandRegistry[model]
	while (group && group !== Function.prototype) {
		for (const name of Object.getOwnPropertyNames(group)) {
			if (typeof group[name] === 'function') names.add(name)
		}
		group = Object.getPrototypeOf(group)
	}
	return [...names]
}

function bounds(type) {
	const def = type._def
	switch (def.typeName) {
		case 'ZodOptional':
		case 'ZodDefault':
			return { ...bounds(def.innerType), optional: true }
		case 'ZodEffects':
			return bounds(def.schema)
		case 'ZodUnion':
			return bounds(def.options[def.options.length - 1])
		case 'ZodBoolean':
			return { kind: 'boolean' }
		case 'ZodEnum':
			return { kind: 'enum', values: def.values }
		case 'ZodString':
			return { kind: 'string', length: (def.checks.find((c) => c.kind === 'length') || {}).value }
		case 'ZodObject':
			return { kind: 'object', names: Object.keys(def.shape()) }
		case 'ZodNumber': {
			const found = { kind: 'number' }
			for (const check of def.checks) found[check.kind] = check.value === undefined ? true : check.value
			return found
		}
		default:
			throw new Error(`unexpected ${def.typeName}`)
	}
}

function commands(model) {
	const group = helper.DeviceCommandSchemas[SCHEMAS[model]]
	const general = helper.DeviceCommandSchemas.GeneralCommandSchemas
	return builders(model).map((name) => {
		const renamed = RENAMED[name] && RENAMED[name][model]
		let schema = group[renamed || name] || general[name]
		if (schema && schema._def.typeName === 'ZodEffects') schema = schema._def.schema
		const params = {}
		if (schema) {
			for (const [param, type] of Object.entries(schema._def.shape())) {
				if (param !== 'commandNumber') params[param] = bounds(type)
			}
		}
		return { name, params }
	})
}

function encoded(model, command, params) {
	if (model === 'aqi_sensor' && command === AQI_LED) return new helper.SetAqiLedCommands(params).toHex()
	return new helper.CommandBuilder(model).build(command, params).toHex()
}

const ANSWERS = {
	decode: ([hex, model]) => helper.uplinkPayloadParser(hex, model),
	encode: ([model, command, params]) => encoded(model, command, params),
	commands: (model) => commands(model),
}

console.log = () => {}
console.error = () => {}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
	const [[what, question]] = Object.entries(JSON.parse(line))
	let answer
	try {
		answer = { value: ANSWERS[what](question) }
	} catch (error) {
		answer = { refused: String(error && error.message) }
	}
	process.stdout.write(JSON.stringify(answer) + '\n')
})
