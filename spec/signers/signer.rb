require 'base64'
require 'faraday'
require 'openssl'
require 'time'

module VisualSnoop
  # Signs requests: the last middleware of a connection.
  class Signer < Faraday::Middleware
    # The signature of a request, as base64.
    def self.signature(secret_key, http_method, path, date)
      message = "#{http_method.to_s.upcase}\n#{path}\n#{date}"
      Base64.strict_encode64(OpenSSL::HMAC.digest('SHA1', secret_key.strip, message))
    end

    def initialize(app, public_key, secret_key)
      super(app)
      @public_key = public_key
      @secret_key = secret_key
    end

    def call(env)
      # The generated code writes a space as a plus sign, and a plus sign as %2B.
      env.url.path = env.url.path.gsub('+', '%20')
      date = env.request_headers['Date'] || Time.now.httpdate
      signed = self.class.signature(@secret_key, env.method, env.url.path, date)
      env.request_headers['Date'] = date
      env.request_headers['Authorization'] = "VSHMAC #{@public_key}:#{signed}"
      env.request_headers['X-Visualsnoop-Client-Version'] = 'my-client/1.0'
      @app.call(env)
    end
  end
end
