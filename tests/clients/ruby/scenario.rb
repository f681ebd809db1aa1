# The client that OpenAPI Generator makes plays the scenario of the contract.
# Arguments: endpoint, public key, secret key, folder of the contract, scenario.

require 'json'
require 'uri'
require 'visualsnoop'
require 'visualsnoop/signer'

# Plays the calls one after the other, and counts what has passed.
class Scenario
  attr_reader :passed, :failed

  def initialize(endpoint, public_key, secret_key, spec)
    @endpoint = URI(endpoint)
    @public_key = public_key
    @secret_key = secret_key
    @spec = spec
    @saved = {}
    @passed = @failed = 0
  end

  def check_signature(vector)
    path = vector['url'].sub(%r{\A\w+://[^/]*}, '').sub(/\?.*\z/, '')
    signed = VisualSnoop::Signer.signature(vector['secret_key'], vector['method'], path, vector['date'])
    report(vector['name'], different(vector['signature'], signed, 'signature'))
  end

  def play(step)
    status, answer = call(step)
    expected = filled({ 'status' => step['status'] }.merge(step['answer'] || {}))
    report(step['name'], different(step['status'], status, 'HTTP status') +
                         different(expected, answer, 'answer'))
    (step['save'] || {}).each { |name, field| @saved[name] = answer[field] }
  end

  private

  # The status, and the model of the answer as JSON.
  def call(step)
    client = client(step['secret_key'] || @secret_key)
    parameters = filled(step['parameters'] || {})
    ids = parameters.values_at('image_id', 'other_id').compact
    options = parameters.except('image_id', 'other_id').transform_keys(&:to_sym)
    # What is not a string would be sent as JSON.
    picture = step['picture'] && File.binread(File.join(@spec, 'pictures', step['picture']))
    model, status = send_call(client, step['operation'], ids, picture, options)
    [status, JSON.parse(model.to_hash.to_json)]
  rescue VisualSnoop::ApiError => e
    # Where a file was asked for, the client keeps no body of an error.
    return [e.code, { 'status' => e.code }] if step['operation'] == 'getThumbnail'

    body = VisualSnoop::ErrorBody.build_from_hash(JSON.parse(e.response_body, symbolize_names: true))
    [e.code, JSON.parse(body.to_hash.to_json)]
  end

  def client(secret_key)
    configuration = VisualSnoop::Configuration.new
    configuration.scheme = @endpoint.scheme
    configuration.host = "#{@endpoint.host}:#{@endpoint.port}"
    configuration.base_path = @endpoint.path
    configuration.use(VisualSnoop::Signer, @public_key, secret_key)
    VisualSnoop::ApiClient.new(configuration)
  end

  def send_call(client, operation, ids, picture, options)
    name = operation.gsub(/[A-Z]/) { |letter| "_#{letter.downcase}" } + '_with_http_info'
    apis = %i[CollectionApi ImagesApi SearchApi DuplicatesApi].map do |api|
      VisualSnoop.const_get(api).new(client)
    end
    api = apis.find { |candidate| candidate.respond_to?(name) }
    api.public_send(name, *ids, *picture, options)
  end

  # A value of the scenario with what was saved in it.
  def filled(value)
    case value
    when Array then value.map { |item| filled(item) }
    when Hash
      return @saved[value['$saved']] if value.key?('$saved')

      value.transform_values { |part| filled(part) }
    else value
    end
  end

  # Where a value has not at least the fields, and exactly the items, that are expected.
  def different(expected, actual, place)
    if expected.is_a?(Hash) && expected.key?('$at_least')
      actual.is_a?(Numeric) && actual >= expected['$at_least'] ? [] : ["#{place} is #{actual}"]
    elsif expected.is_a?(Hash) && actual.is_a?(Hash)
      expected.flat_map { |name, part| different(part, actual[name], "#{place}.#{name}") }
    elsif expected.is_a?(Array) && actual.is_a?(Array) && expected.size == actual.size
      expected.each_with_index.flat_map { |part, i| different(part, actual[i], "#{place}[#{i}]") }
    else
      expected == actual ? [] : ["#{place} is #{actual.inspect}, not #{expected.inspect}"]
    end
  end

  def report(name, differences)
    if differences.empty?
      @passed += 1
    else
      @failed += 1
      puts "FAILED  #{name}: #{differences.join('; ')}"
    end
  end
end

endpoint, public_key, secret_key, spec, file = ARGV
scenario = Scenario.new(endpoint, public_key, secret_key, spec)
JSON.parse(File.read("#{spec}/signing-vectors.json", encoding: 'UTF-8')).each { |vector| scenario.check_signature(vector) }
JSON.parse(File.read(file, encoding: 'UTF-8'))['calls'].each { |step| scenario.play(step) }
puts "#{scenario.passed} passed, #{scenario.failed} failed"
exit(scenario.failed.zero?)
